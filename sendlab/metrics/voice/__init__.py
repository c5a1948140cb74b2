"""Views, wellbeing, behaviour, observations and clubs."""
