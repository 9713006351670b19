import django_project  # noqa: F401 (configures Django)
from django.core.asgi import get_asgi_application

app = get_asgi_application()
