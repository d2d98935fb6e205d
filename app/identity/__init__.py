"""Identity: who somebody is. Users, sign-in, tokens, roles; `guards` says who may call a route."""
