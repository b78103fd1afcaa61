"""The OpenAPI document of the API, made from the pydantic models of the functions."""
