"""Demand: how many units of a product all stores together sell on each of the next days."""

from models.demand.score import DayDemand, Forecast, Forecaster, load
from models.demand.train import train

__all__ = ["DayDemand", "Forecast", "Forecaster", "load", "train"]
