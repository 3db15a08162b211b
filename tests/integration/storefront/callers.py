"""One caller in each role, and those who are nobody."""

from __future__ import annotations

from storefront_api.platform.auth import Access, Gate
from storefront_api.platform.policy import POLICY, Role
from tests.contract.test_openapi_storefront import DEMANDED
from tests.integration.storefront.accounts import People, bearer
from tests.integration.storefront.conftest import PARTNER

NOBODIES = ("none", "nonsense", "nonsense of an account", "expired", "ended")


def permitted(path: str, method: str) -> frozenset[Role]:
    """Return the roles that the policy lets call a route."""
    demanded = DEMANDED[path, method]
    return frozenset(role for role in Role if all(role in POLICY[one] for one in demanded))


class Callers:
    """One caller in each role, and those who are nobody; a new one for who ended its session."""

    def __init__(self, people: People, key: str) -> None:
        self.people = people
        self._gate = Gate("", key)
        self._headers: dict[str, dict[str, str]] = {"none": {}, "partner": bearer(PARTNER)}

    def headers(self, who: str) -> dict[str, str]:
        """Return the credential of a caller."""
        if who not in self._headers:
            self._headers[who] = bearer(self._token(who))
        return self._headers[who]

    def forget(self, who: str) -> None:
        """Have somebody new next time."""
        if who not in NOBODIES and who != Role.PARTNER:
            self._headers.pop(who, None)

    def _token(self, who: str) -> str:
        if who in {"nonsense", "nonsense of an account"}:
            return "nonsense" if who == "nonsense" else "a.nonsense"
        if who == Role.GUEST:
            return str(self.people.client().post("/sessions").json()["token"])
        person = self.people.new(Role.CUSTOMER if who in NOBODIES else who)
        if who == "expired":
            access = Access(account_id=person.account_id, session_id=person.session_id, until=1)
            return self._gate.issue_access(access)
        if who == "ended":
            assert person.client.delete("/account/sessions").status_code == 204
        return str(person.client.headers["Authorization"]).removeprefix("Bearer ")
