"""The transactional store. Each domain has endpoints, a service, a repository and schemas.

Other parts see only `storefront_api.events`.
"""
