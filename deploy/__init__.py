"""How EcoMarket is run: `local` on one machine, `demo` with a world in it, `bench` measured."""
