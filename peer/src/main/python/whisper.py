"""The other side of glia.peer.TranscriptionBench: writes down the sounds whose files it reads, a line each, and answers
in seconds of sound a second.

    whisper.py faster:TYPE=FOLDER THREADS    faster-whisper, a CTranslate2 model, in int8 or float32
    whisper.py cpp=FILE THREADS              whisper.cpp, a ggml model

Needs the package faster-whisper, or pywhispercpp.
"""
import sys
import time
import wave

kind, model = sys.argv[1].split("=", 1)
threads = int(sys.argv[2])
if kind == "cpp":
    import pywhispercpp
    from pywhispercpp.model import Model
    whisper = Model(model, n_threads=threads, print_progress=False, print_realtime=False,
                    redirect_whispercpp_logs_to=None)
    name = "whisper.cpp"

    def write(file):
        return whisper.transcribe(file)
else:
    import faster_whisper
    whisper = faster_whisper.WhisperModel(model, device="cpu", compute_type=kind.split(":")[1], cpu_threads=threads)
    name = f"faster-whisper {faster_whisper.__version__}, {kind.split(':')[1]}"

    def write(file):
        return list(whisper.transcribe(file, beam_size=1)[0])

print(name, flush=True)
for line in sys.stdin:
    with wave.open(line.strip()) as sound:
        seconds = sound.getnframes() / sound.getframerate()
    start = time.perf_counter()
    write(line.strip())
    print(seconds / (time.perf_counter() - start), flush=True)
