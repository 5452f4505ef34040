"""Options of what users call: those that there are not are refused."""

from rnnkit.utils.calls import checked_call

# What users call, each with the methods that it hands further options to.
CALLS = {
    "compile": (), "evaluate": (), "fine_tune": ("fit",), "fit": (), "infer": (), "predict": (),
    "score": (),
}  # fmt: skip


class CheckedCalls:
    """Makes `fit`, `infer` and the like refuse an option that they do not have, with the nearest.

    Methods hand on what they do not know themselves, in the end to Keras; and of some models the
    options depend on what they generate. So it is done in one place for all classes of models,
    those of users included: `infer(beams=3)` says that `beam_size` may be meant.
    """

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        for name, further in CALLS.items():
            owner = next((each for each in cls.__mro__ if name in vars(each)), None)
            # What a base class among models has is checked already.
            if owner is cls or owner is not None and not issubclass(owner, CheckedCalls):
                method = checked_call(vars(owner)[name], further, _further)
                setattr(cls, name, method)

    def further_options(self, name):
        """Names of options that a method takes beside those in its signature."""
        del name
        return ()


def _further(model, name):
    return model.further_options(name)
