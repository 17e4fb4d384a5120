"""How long a deploy and a plan take, against the API's own best rate and against a GET and a PUT for each monitor."""
