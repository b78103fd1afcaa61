"""Keys of the API: strong ones, and values of ``API_KEY`` that are too weak."""

KEYS = ["the-first-of-three-keys", "the-second-of-three-keys", "the-third-of-three-keys"]
WEAK_KEYS = ["hunter2", "fifteen-letters", "my-secret-key-12345", "a-secret-of-your-own", f"{KEYS[0]},hunter2"]
