"""What Sluice replaces, as far as enqueueing goes: Flask in front of Celery and
Redis. It takes a path, looks whether the file is there, and answers with the id
of a task that the one worker will run some time."""
import os
import time

from celery import Celery
from flask import Flask, jsonify, request

broker = os.environ["RIVAL_REDIS"]
tasks = Celery("server", broker=broker, backend=broker)
app = Flask(__name__)


@tasks.task(name="process_video")
def process_video(video_id, path):
    time.sleep(3600)  # as long as a video takes: nothing else may run meanwhile


@app.post("/process")
def process():
    body = request.get_json(force=True, silent=True) or {}
    path = body.get("path")
    if not path:
        return jsonify(error="path is missing"), 400
    if not os.path.isfile(path):
        return jsonify(error="no such file"), 404
    task = process_video.delay(body.get("video_id"), path)
    return jsonify(message="queued", task_id=task.id), 202


@app.get("/healthz")
def healthz():
    return "ok"
