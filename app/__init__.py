"""The page: give a picture, move a slider over the code length, see what is found, how well and how fast."""
