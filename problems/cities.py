"""City coordinates (latitude and longitude in degrees: facts) and what the sphere makes of them."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray

EARTH_RADIUS = 6371.0088  # km, mean radius (IUGG)

EUROPE = (
    ("Moscow", 55.7558, 37.6173),
    ("Istanbul", 41.0082, 28.9784),
    ("London", 51.5074, -0.1278),
    ("Saint Petersburg", 59.9343, 30.3351),
    ("Berlin", 52.5200, 13.4050),
    ("Madrid", 40.4168, -3.7038),
    ("Kyiv", 50.4501, 30.5234),
    ("Rome", 41.9028, 12.4964),
    ("Paris", 48.8566, 2.3522),
    ("Minsk", 53.9006, 27.5590),
    ("Vienna", 48.2082, 16.3738),
    ("Hamburg", 53.5511, 9.9937),
    ("Bucharest", 44.4268, 26.1025),
    ("Warsaw", 52.2297, 21.0122),
    ("Budapest", 47.4979, 19.0402),
    ("Barcelona", 41.3874, 2.1686),
    ("Munich", 48.1351, 11.5820),
    ("Kharkiv", 49.9935, 36.2304),
    ("Belgrade", 44.7866, 20.4489),
    ("Milan", 45.4642, 9.1900),
    ("Kazan", 55.7961, 49.1064),
    ("Prague", 50.0755, 14.4378),
    ("Sofia", 42.6977, 23.3219),
    ("Nizhny Novgorod", 56.2965, 43.9361),
    ("Ufa", 54.7388, 55.9721),
    ("Samara", 53.1959, 50.1002),
    ("Birmingham", 52.4862, -1.8904),
    ("Rostov-on-Don", 47.2357, 39.7015),
    ("Krasnodar", 45.0355, 38.9753),
    ("Cologne", 50.9375, 6.9603),
    ("Voronezh", 51.6608, 39.2003),
    ("Perm", 58.0105, 56.2502),
    ("Volgograd", 48.7080, 44.5133),
    ("Odesa", 46.4825, 30.7233),
)

USA = (
    ("New York", 40.7128, -74.0060),
    ("Los Angeles", 34.0522, -118.2437),
    ("Chicago", 41.8781, -87.6298),
    ("Houston", 29.7604, -95.3698),
    ("Phoenix", 33.4484, -112.0740),
    ("Philadelphia", 39.9526, -75.1652),
    ("San Antonio", 29.4241, -98.4936),
    ("San Diego", 32.7157, -117.1611),
    ("Dallas", 32.7767, -96.7970),
    ("San Jose", 37.3382, -121.8863),
    ("Austin", 30.2672, -97.7431),
    ("Jacksonville", 30.3322, -81.6557),
    ("Fort Worth", 32.7555, -97.3308),
    ("Columbus", 39.9612, -82.9988),
    ("Indianapolis", 39.7684, -86.1581),
    ("Charlotte", 35.2271, -80.8431),
    ("San Francisco", 37.7749, -122.4194),
    ("Seattle", 47.6062, -122.3321),
    ("Denver", 39.7392, -104.9903),
    ("Oklahoma City", 35.4676, -97.5164),
    ("Nashville", 36.1627, -86.7816),
    ("El Paso", 31.7619, -106.4850),
    ("Washington", 38.9072, -77.0369),
    ("Boston", 42.3601, -71.0589),
    ("Las Vegas", 36.1699, -115.1398),
)


def great_circle(degrees: Float[ndarray, "N 2"]) -> Float[ndarray, "N N"]:
    """Great-circle distances in km from (latitude, longitude): d = 2R asin √(sin²(Δφ/2) + cos φ cos φ' sin²(Δλ/2))."""
    latitude, longitude = np.radians(degrees).T
    cosines = np.cos(latitude)[:, None] * np.cos(latitude)
    haversine = np.sin((latitude[:, None] - latitude) / 2) ** 2
    haversine += cosines * np.sin((longitude[:, None] - longitude) / 2) ** 2
    return 2 * EARTH_RADIUS * np.arcsin(np.sqrt(haversine))


def plane(degrees: Float[ndarray, "N 2"]) -> Float[ndarray, "N 2"]:
    """East and north in km: the azimuthal equidistant projection, centred on the mean latitude and longitude."""
    latitude, longitude = np.radians(degrees).T
    centre, east = latitude.mean(), longitude - longitude.mean()
    x = np.cos(latitude) * np.sin(east)
    y = np.cos(centre) * np.sin(latitude) - np.sin(centre) * np.cos(latitude) * np.cos(east)
    z = np.sin(centre) * np.sin(latitude) + np.cos(centre) * np.cos(latitude) * np.cos(east)
    angle = np.arctan2(np.hypot(x, y), z)  # from the centre, as seen from the middle of the sphere
    return EARTH_RADIUS * (angle / np.maximum(np.sin(angle), 1e-300))[:, None] * np.stack([x, y], axis=1)
