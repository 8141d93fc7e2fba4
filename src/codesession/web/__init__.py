"""The door for a browser and for programs that speak HTTP: pages, and a JSON API that shows the same views."""
