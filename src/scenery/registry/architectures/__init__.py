"""The custom architectures, one module each; `scenery.registry.custom_architectures` finds them."""
