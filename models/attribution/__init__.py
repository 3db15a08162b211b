"""Attribution by what data say of channels together: Markov's removal effect and Shapley's value.

Nothing is learned but counted: rules that look at one order alone are SQL, in dbt.
"""

from models.attribution.credit import MODELS, credits
from models.attribution.journeys import Journey, JourneyError, journeys_of
from models.attribution.markov import removal_effects
from models.attribution.shapley import shapley_values

__all__ = [
    "MODELS",
    "Journey",
    "JourneyError",
    "credits",
    "journeys_of",
    "removal_effects",
    "shapley_values",
]
