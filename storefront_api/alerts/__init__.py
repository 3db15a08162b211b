"""Alerts of prices: one message each time that a list price drops to what somebody waits for."""
