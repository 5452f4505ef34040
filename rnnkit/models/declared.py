"""The shapes of the variables that a serialised model declares."""

import concurrent.futures
import contextvars

import keras
import tensorflow as tf

# Set while a model is built only to learn the shapes of its weights; it is not compiled then.
measuring = contextvars.ContextVar("measuring", default=False)


def declared_shapes(config, custom_objects=None):
    """Shapes of the variables that a serialised model declares, found without allocating any.

    Inside a stateless scope Keras notes a variable's shape and puts its value off. It keeps what
    is put off by thread and fills it in later, so this is done in a thread that ends here.

    Args:
        config: What `keras.saving.serialize_keras_object(model)` gives.
        custom_objects: Dict of registered name to class.

    Returns:
        Two lists of shapes: of the weights, and of the variables of the compiled metrics.
    """
    bare = _without_compilation(config)
    compiled = config.get("compile_config") or {}
    names = ("metrics", "weighted_metrics")

    def measure():
        measuring.set(True)
        scope = keras.saving.custom_object_scope(custom_objects or {})
        with scope, keras.StatelessScope(initialize_variables=False):
            load = keras.saving.deserialize_keras_object
            metrics = tf.nest.flatten(load({name: compiled.get(name) for name in names}))
            metrics = [item for item in metrics if isinstance(item, keras.Metric)]
            found = load(bare).weights, [v for item in metrics for v in item.variables]
            return tuple([tuple(variable.shape) for variable in each] for each in found)

    with concurrent.futures.ThreadPoolExecutor(1) as thread:
        return thread.submit(measure).result()


def _without_compilation(node):
    """A configuration in which no model, nor one within, is compiled."""
    if isinstance(node, dict):
        return {
            key: _without_compilation(value)
            for key, value in node.items()
            if key != "compile_config"
        }
    return [_without_compilation(each) for each in node] if isinstance(node, list) else node
