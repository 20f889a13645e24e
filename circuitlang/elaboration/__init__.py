"""From tree to core: names, kinds, domains, placement and claims; everything that refuses a program."""
