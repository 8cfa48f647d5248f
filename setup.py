"""labeld: `labeld` (edge) and `labeld-export` (export)."""

import re

from setuptools import find_packages, setup

with open("edge/__init__.py", encoding="utf-8") as file:
    version = re.search(r'__version__ = "(.+)"', file.read()).group(1)

with open("README.md", encoding="utf-8") as file:
    readme = file.read()

OLD = "; python_version < '3.7'"
NEW = "; python_version >= '3.7'"

setup(
    name="labeld",
    version=version,
    description="Turns a camera or a folder of pictures into labels, on the device itself",
    long_description=readme,
    long_description_content_type="text/markdown",
    license="MIT",
    packages=find_packages(include=["edge", "edge.*", "export", "export.*"]),
    package_data={"edge.http": ["static/*"], "export.report": ["templates/*"]},
    python_requires=">=3.6",
    install_requires=[
        "aiohttp>=3.8,<4",
        "numpy",
        "paho-mqtt>=1.6.1,<2" + OLD,
        "paho-mqtt>=2" + NEW,
        "prometheus-client",
        "PyYAML",
        # tells a damaged JPEG from a whole one; the last with a wheel for Python 3.6 is 1.6.5
        "simplejpeg<1.6.6" + OLD,
        "simplejpeg" + NEW,
        "tqdm",
        # names why a camera fails, and undoes PNGs' filters; without it (on a Jetson) OpenCV reads
        # cameras, films and PNGs
        "av>=17; python_version >= '3.10'",
        "watchdog>=2.1",
        # inflates PNGs; without it OpenCV does, in twice the time
        "isal; python_version >= '3.10' and platform_machine in 'x86_64 aarch64'",
        "xxhash>=2",
        "dataclasses" + OLD,
    ],
    extras_require={
        # a Jetson has NVIDIA's own TensorFlow and OpenCV: hence not among the requirements
        "pc": [
            "tensorflow==2.6.2" + OLD,
            "keras==2.6.0" + OLD,
            "tensorflow-cpu" + NEW,
            # the last OpenCV with a wheel for Python 3.6; pip would compile a later one for an hour
            "opencv-python-headless==4.6.0.66" + OLD,
            "opencv-python-headless" + NEW,
        ],
        # photographs as iPhones write them
        "heic": ["pillow-heif; python_version >= '3.10'"],
        # runs bundles on PCs: faster than TensorFlow, with less memory
        "openvino": ["openvino; python_version >= '3.10'"],
        "export": [
            "scikit-learn",
            # pages about models and photographs
            "jinja2",
            "matplotlib",
            # the graph in 8 bits
            "openvino; python_version >= '3.10'",
            "nncf; python_version >= '3.10'",
        ],
        # the table of `labeld watch`
        "watch": ["rich"],
        "demo": ["amqtt>=0.11; python_version >= '3.10'"],
        "test": [
            # with later ones pytest-xdist 3.8 does not keep a group together
            "pytest>=7.0,<9.1",
            "pytest-timeout",
            "hypothesis<6.32" + OLD,
            "hypothesis" + NEW,
            "pytest-xdist",
            "jinja2",
            # the page in a real browser
            "selenium; python_version >= '3.10'",
            "trustme",
            "setuptools",
            "wheel",
        ],
        # for the benchmarks' plots
        "bench": ["matplotlib"],
        "lint": [
            "ruff==0.14.*; python_version >= '3.7'",
            "mypy==2.*; python_version >= '3.10'",
            "types-PyYAML; python_version >= '3.10'",
        ],
    },
    entry_points={
        "console_scripts": ["labeld=edge.__main__:main", "labeld-export=export.__main__:main"]
    },
)
