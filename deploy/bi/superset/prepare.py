"""Bring Superset's metadata up to date: its tables, the roles of ``roles.yml``, and their users.

It runs in Superset's own environment. Doing it again changes nothing. With the argument
``passwords`` it only writes the users' passwords, of a database that the same files prepared.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import create_engine, text
from werkzeug.security import generate_password_hash

ROLES = Path(__file__).with_name("roles.yml")
USERS = {"admin": "Admin", "analyst": "analyst", "executive": "executive"}
"""The role of each user that a local stack begins with."""


def apply_roles(security: Any) -> None:
    """Give each role exactly the permissions that are written down for it.

    Raises
    ------
    SystemExit
        If Superset has no such role or permission; the message names both.
    """
    for name, given in yaml.safe_load(ROLES.read_text("utf-8")).items():
        role = security.find_role(name) or security.add_role(name)
        permissions = []
        for included in given.get("includes", []):
            whole = security.find_role(included)
            if whole is None:
                raise SystemExit(f"roles.yml: {name}.includes: Superset has no role {included}")
            permissions += whole.permissions
        for permission, view in given["permissions"]:
            found = security.find_permission_view_menu(permission, view)
            if found is None:
                raise SystemExit(
                    f"roles.yml: {name}.permissions: Superset has no [{permission}, {view}]"
                )
            permissions.append(found)
        role.permissions = list(dict.fromkeys(permissions))
    security.session.commit()


def apply_users(security: Any) -> None:
    """Make the users that are missing; their passwords are the stack's secrets."""
    for name, role in USERS.items():
        password = os.environ[f"BI_{name.upper()}_PASSWORD"]
        user = security.find_user(name)
        if user is None:
            mail = f"{name}@ecomarket.example"
            roles = [security.find_role(role)]
            security.add_user(name, name.title(), "EcoMarket", mail, roles, password)
        else:
            security.reset_password(user.id, password)


def write_passwords() -> None:
    """Set the users' passwords, without Superset: to load it takes longer than all else."""
    engine = create_engine(os.environ["BI_METADATA_URL"])
    change = text("UPDATE ab_user SET password = :password WHERE username = :name")
    with engine.begin() as connection:
        for name in USERS:
            hashed = generate_password_hash(os.environ[f"BI_{name.upper()}_PASSWORD"])
            connection.execute(change, {"name": name, "password": hashed})


def main() -> None:
    """Prepare the metadata that the settings name."""
    if sys.argv[1:] == ["passwords"]:
        write_passwords()
        return
    from flask_migrate import upgrade
    from superset.app import create_app

    app = create_app()
    with app.app_context():
        from superset import appbuilder, security_manager

        upgrade()
        appbuilder.add_permissions(update_perms=True)
        security_manager.sync_role_definitions()
        apply_roles(security_manager)
        apply_users(security_manager)


if __name__ == "__main__":
    main()
