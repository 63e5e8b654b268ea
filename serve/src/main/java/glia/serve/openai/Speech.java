package glia.serve.openai;

import static glia.serve.http.Json.object;
import static glia.serve.request.Field.flag;
import static glia.serve.request.Field.number;
import static glia.serve.request.Field.text;
import static glia.serve.request.Field.unused;
import static glia.serve.request.Field.whole;
import static glia.serve.request.Field.word;

import glia.engine.voice.Speaker;
import glia.io.sound.WavBytes;
import glia.serve.http.EventStream;
import glia.serve.http.Exchange;
import glia.serve.http.Route.Endpoint;
import glia.serve.pool.ModelPool;
import glia.serve.request.FieldTable;
import glia.serve.request.Fields;
import glia.serve.request.ServeException;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/// `POST /v1/audio/speech` (https://platform.openai.com/docs/api-reference/audio/createSpeech): the sound of a text,
/// sent while it is made.
final class Speech implements Endpoint {
    /// The longest text, in characters.
    static final int LONGEST = 4096;
    private static final String WAV = "wav";
    private static final String EVENTS = "sse";
    /// Texts that are spoken at the same time; the rest waits, since each takes memory for its samples.
    private static final int MOST_AT_ONCE = 4;
    private static final long CHECK_MILLIS = 100;

    /// The fields.
    static final FieldTable SPEECH = FieldTable.of("audio speech", text("model").usual("the first that speaks"),
            text("input").note("the text, of up to " + LONGEST + " characters"),
            text("voice").usual("the first").note("the number or name of a voice of the model; `default` and names of "
                    + "OpenAI's voices are the first"),
            word("response_format", List.of(WAV, "pcm")).usual("`wav`").note("`pcm`: 16 bits, little-endian, one "
                    + "channel, at the model's rate, which the header `X-Sample-Rate` has"),
            number("speed", Speaker.SLOWEST, Speaker.FASTEST).usual("1"),
            word("stream_format", List.of("audio", EVENTS)).usual("`audio`").note("`sse`: events "
                    + "`speech.audio.delta` with Base64"),
            whole("seed", Long.MIN_VALUE, Long.MAX_VALUE).usual("0"),
            flag("phonemes", false).note("whether `input` is of phonemes, for models that read them"),
            unused("instructions", "the models read no instructions"));

    private static final List<String> FIRST = List.of("default", "alloy", "ash", "ballad", "coral", "echo", "fable",
            "onyx", "nova", "sage", "shimmer", "verse", "marin", "cedar");

    private final ModelPool models;
    private final Semaphore places = new Semaphore(MOST_AT_ONCE, true);

    Speech(ModelPool models) {
        this.models = models;
    }

    @Override
    public void answer(Exchange exchange) throws InterruptedException {
        Fields body = exchange.body();
        String model = body.text("model").orElse("");
        String text = body.requiredText("input");
        if (text.isBlank() || text.length() > LONGEST) {
            throw ServeException.badField("input", text.isBlank() ? "is empty, expected a text" : "has " + text.length()
                    + " characters, expected " + LONGEST + " at most; send a longer text in parts");
        }
        Optional<String> voice = body.text("voice").filter(name -> !FIRST.contains(name));
        boolean isWav = body.word("response_format").orElse(WAV).equals(WAV);
        boolean isEvents = body.word("stream_format").orElse("audio").equals(EVENTS);
        Speaker.Options options = new Speaker.Options(voice, body.number("speed").orElse(1.0),
                body.whole("seed").orElse(0), body.flag("phonemes"));
        body.end();
        Speaker speaker = models.speaker(model);
        if (voice.isPresent() && !speaker.voices().contains(voice.get())) {
            throw Fields.wrong("voice", voice.get(), speaker.voices().size() == 1 ? "default, the only one"
                    : "default, or one of " + String.join(", ", speaker.voices()));
        }
        while (!places.tryAcquire(CHECK_MILLIS, TimeUnit.MILLISECONDS)) {
            if (!exchange.goesOn()) {
                return;
            }
        }
        try {
            exchange.setHeader("X-Sample-Rate", Integer.toString(speaker.sampleRate()));
            Answer answer = new Answer(exchange.stream(isEvents ? EventStream.Form.SSE : isWav ? EventStream.Form.WAV
                    : EventStream.Form.PCM), isEvents, isWav, speaker.sampleRate(), text.length());
            boolean isWhole = speaker.speak(text, options, samples -> exchange.goesOn() && answer.send(samples));
            if (isWhole) {
                answer.end();
            }
        } catch (IllegalArgumentException e) {
            throw ServeException.badField(e.getMessage().contains("phonemes") ? "phonemes"
                    : e.getMessage().startsWith("speed") ? "speed" : "input", e.getMessage());
        } finally {
            places.release();
        }
    }

    /// An answer, which begins with the first samples.
    private static final class Answer {
        private final EventStream stream;
        private final boolean isEvents;
        private final boolean isWav;
        private final int sampleRate;
        private final int numCharacters;
        private boolean hasBegun;

        Answer(EventStream stream, boolean isEvents, boolean isWav, int sampleRate, int numCharacters) {
            this.stream = stream;
            this.isEvents = isEvents;
            this.isWav = isWav;
            this.sampleRate = sampleRate;
            this.numCharacters = numCharacters;
        }

        boolean send(float[] samples) {
            if (!hasBegun && isWav) {
                write(WavBytes.header(sampleRate, WavBytes.UNKNOWN));
            }
            hasBegun = true;
            write(WavBytes.samples(samples));
            return stream.isOpen();
        }

        private void write(byte[] bytes) {
            if (isEvents) {
                stream.event(object("type", "speech.audio.delta", "audio", Base64.getEncoder().encodeToString(bytes)));
            } else {
                stream.bytes(bytes);
            }
        }

        void end() {
            if (isEvents) {
                stream.event(object("type", "speech.audio.done", "usage", object("input_tokens", numCharacters,
                        "output_tokens", 0, "total_tokens", numCharacters)));
            }
            stream.close();
        }
    }
}
