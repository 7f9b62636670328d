mod unused {}
