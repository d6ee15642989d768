"""jax as the command starts it; accuracy is the subject of most tests: float64 unless a test asks for float32."""

from zobench.__main__ import prepare_jax

prepare_jax()

import jax  # noqa: E402  reads what has been prepared

jax.config.update("jax_enable_x64", True)
