package glia.serve.openai;

import static glia.serve.http.Json.object;
import static glia.serve.request.Field.flag;
import static glia.serve.request.Field.number;
import static glia.serve.request.Field.only;
import static glia.serve.request.Field.refused;
import static glia.serve.request.Field.text;
import static glia.serve.request.Field.texts;
import static glia.serve.request.Field.unused;
import static glia.serve.request.Field.value;
import static glia.serve.request.Field.whole;
import static glia.serve.request.Field.word;

import glia.engine.LanguageModel;
import glia.engine.speech.TranscribeOptions;
import glia.engine.speech.Transcriber;
import glia.engine.speech.Transcript;
import glia.io.sound.SoundException;
import glia.io.sound.SoundReader;
import glia.serve.http.EventStream;
import glia.serve.http.Exchange;
import glia.serve.pool.ModelPool;
import glia.serve.request.FieldTable;
import glia.serve.request.Fields;
import glia.serve.request.ServeException;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/// `POST /v1/audio/transcriptions` and `/v1/audio/translations`
/// (https://platform.openai.com/docs/api-reference/audio).
final class Transcriptions {
    private static final List<String> FORMATS = List.of("json", "text", "srt", "vtt", "verbose_json");
    private static final List<String> LEVELS = List.of("segment", "word");
    private static final String WORD = "word";
    private static final double HOTTEST = 1;
    /// Sounds that are transcribed at the same time; the rest waits, since each takes memory for its spectrogram.
    private static final int MOST_AT_ONCE = 2;
    private static final long CHECK_MILLIS = 100;

    /// `POST /v1/audio/translations`
    static final FieldTable TRANSLATIONS = FieldTable.of("audio translations",
            text("model").usual("the first model"),
            value("file", "a sound file: WAV, AIFF, AU, FLAC, MP3, Ogg Vorbis or Ogg Opus"),
            text("prompt").note("text before the speech: names, spelling, style"),
            word("response_format", FORMATS).usual("`json`"),
            number("temperature", 0, HOTTEST).usual("0").note("0: higher ones where a text repeats itself or is "
                    + "improbable"),
            whole("seed", Long.MIN_VALUE, Long.MAX_VALUE).usual("0"));

    /// `POST /v1/audio/transcriptions`
    static final FieldTable TRANSCRIPTIONS = TRANSLATIONS.named("audio transcriptions").and(FieldTable.of("",
            text("language").usual("detected").note("a code (`de`) or an English name"),
            texts("timestamp_granularities", LEVELS.size()).usual("`segment`")
                    .note("`segment`, `word`; with `verbose_json`"),
            flag("stream", false).note("events; with `json` or `text`"),
            unused("chunking_strategy", "windows are of 30 seconds"),
            only("include", "nothing", _ -> false), refused("known_speaker_names", "speakers are not distinguished"),
            refused("known_speaker_references", "speakers are not distinguished")));

    private final ModelPool models;
    private final Semaphore places = new Semaphore(MOST_AT_ONCE, true);

    Transcriptions(ModelPool models) {
        this.models = models;
    }

    /// The text of a sound in its language.
    void transcribe(Exchange exchange) throws Exception {
        answer(exchange, false);
    }

    /// The text of a sound in English.
    void translate(Exchange exchange) throws Exception {
        answer(exchange, true);
    }

    private void answer(Exchange exchange, boolean toEnglish) throws Exception {
        Fields form = exchange.form();
        String format = form.word("response_format").orElse("json");
        boolean streams = !toEnglish && form.flag("stream");
        List<String> levels = toEnglish ? List.of() : form.texts("timestamp_granularities");
        if (!LEVELS.containsAll(levels) || !levels.isEmpty() && !format.equals("verbose_json")) {
            throw Fields.wrong("timestamp_granularities", levels, "segment, word or both, with the response_format "
                    + "verbose_json");
        }
        if (streams && !format.equals("json") && !format.equals("text")) {
            throw Fields.wrong("stream", true, "false with the response_format " + format);
        }
        TranscribeOptions sampling = sampling(form);
        Fields.FormFile file = form.file("file");
        try (ModelPool.Lease lease = models.lease(form.text("model").orElse(""))) {
            LanguageModel model = lease.served().model();
            if (!Transcriber.isFor(model)) {
                throw ServeException.badField("model", "'" + lease.served().name()
                        + "' writes no speech down; expected a speech model such as openai/whisper-base");
            }
            Transcriber transcriber = new Transcriber(model);
            TranscribeOptions options = sampling.with(toEnglish ? Optional.empty()
                    : language(form, transcriber), toEnglish, true, levels.contains(WORD));
            form.end();
            EventStream stream = streams ? exchange.stream(EventStream.Form.SSE) : null;
            Transcript transcript = onThread(exchange, () -> {
                try (SoundReader sound = SoundReader.open(file.name().isEmpty() ? "the file" : file.name(),
                        new ByteArrayInputStream(file.bytes()))) {
                    return transcriber.transcribe(sound, false, options, new Progress(exchange, stream));
                }
            });
            if (stream == null) {
                send(exchange, format, transcript, toEnglish, levels);
            } else {
                stream.event(object("type", "transcript.text.done", "text", transcript.text(), "usage",
                        usage(transcript)));
                stream.close();
            }
        } catch (SoundException e) {
            throw ServeException.badField("file", e.getMessage());
        }
    }

    private static TranscribeOptions sampling(Fields form) {
        TranscribeOptions options = TranscribeOptions.defaults().withPrompt(form.text("prompt").orElse(""), true);
        List<Double> temperatures = form.number("temperature").filter(t -> t > 0).map(List::of)
                .orElse(options.temperatures());
        return options.withTemperatures(temperatures, form.whole("seed").orElse(0));
    }

    private static Optional<String> language(Fields form, Transcriber transcriber) {
        try {
            return form.text("language").filter(l -> !l.isBlank()).map(transcriber::code);
        } catch (IllegalArgumentException e) {
            throw ServeException.badField("language", e.getMessage());
        }
    }

    private interface Work {
        Transcript run() throws Exception;
    }

    /// Runs work on a thread of its own: the threads of requests, which are virtual, share the processors.
    private Transcript onThread(Exchange exchange, Work work) throws Exception {
        while (!places.tryAcquire(CHECK_MILLIS, TimeUnit.MILLISECONDS)) {
            if (!exchange.goesOn()) {
                throw ServeException.badRequest("the client has gone");
            }
        }
        try {
            FutureTask<Transcript> task = new FutureTask<>(work::run);
            Thread.ofPlatform().daemon().name("glia-transcription").start(task);
            return task.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof Exception cause ? cause : new IllegalStateException(e.getCause());
        } finally {
            places.release();
        }
    }

    /// Sends segments as events while they are made, and ends where the client has gone.
    private record Progress(Exchange exchange, EventStream stream) implements Transcriber.Listener {
        @Override
        public void segment(Transcript.Segment segment) {
            if (stream != null) {
                String text = segment.id() == 0 ? segment.text().stripLeading() : segment.text();
                stream.event(object("type", "transcript.text.delta", "delta", text));
            }
        }

        @Override
        public boolean isCancelled() {
            return !exchange.goesOn();
        }
    }

    private static Map<String, Object> usage(Transcript transcript) {
        return object("type", "duration", "seconds", (long) Math.ceil(transcript.duration()));
    }

    private static void send(Exchange exchange, String format, Transcript transcript, boolean toEnglish,
            List<String> levels) {
        switch (format) {
            case "text" -> plain(exchange, "text/plain", transcript.text() + "\n");
            case "srt" -> plain(exchange, "application/x-subrip", transcript.srt());
            case "vtt" -> plain(exchange, "text/vtt", transcript.vtt());
            case "json" -> exchange.json(object("text", transcript.text(), "usage", usage(transcript)));
            default -> exchange.json(verbose(transcript, toEnglish, levels));
        }
    }

    private static void plain(Exchange exchange, String type, String text) {
        exchange.send(200, type + "; charset=utf-8", text.getBytes(StandardCharsets.UTF_8));
    }

    private static Map<String, Object> verbose(Transcript transcript, boolean toEnglish, List<String> levels) {
        Map<String, Object> all = new LinkedHashMap<>(object("task", toEnglish ? "translate" : "transcribe",
                "language", toEnglish ? "english" : Transcriber.languageName(transcript.language()),
                "duration", transcript.duration(), "text", transcript.text()));
        if (levels.contains(WORD)) {
            all.put("words", transcript.segments().stream().flatMap(s -> s.words().stream()).map(w -> object("word",
                    w.text().strip(), "start", w.start(), "end", w.end())).toList());
        }
        if (levels.isEmpty() || levels.contains("segment")) {
            all.put("segments", transcript.segments().stream().map(s -> s.fields(false)).toList());
        }
        all.put("usage", usage(transcript));
        return all;
    }
}
