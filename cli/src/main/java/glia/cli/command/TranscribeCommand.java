package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Positional;
import glia.cli.args.Syntax;
import glia.cli.args.UsageException;
import glia.cli.option.ComputeOptions;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.engine.LanguageModel;
import glia.engine.speech.TranscribeOptions;
import glia.engine.speech.Transcriber;
import glia.engine.speech.Transcript.Segment;
import glia.engine.speech.Transcript;
import glia.io.hub.ModelLocation;
import glia.io.sound.SoundReader;
import glia.tensor.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// Transcribes sounds.
public final class TranscribeCommand implements Command {
    private static final String DEFAULT_MODEL = "openai/whisper-base";
    private static final String STANDARD_INPUT = "-";

    /// How a transcript is printed.
    enum Format { TEXT, SRT, VTT, JSON }

    private static final Option<String> MODEL = Option.text("MODEL", "speech model (default: " + DEFAULT_MODEL + ")",
            "--model", "-m");
    private static final Option<String> LANGUAGE = Option.text("LANGUAGE",
            "language of the speech, as a code (de) or a name (german) (default: detected)", "--language");
    private static final Option<Boolean> TRANSLATE = Option.flag("translate to English", "--translate");
    private static final Option<Format> FORMAT = Option.choice("FORMAT", Format.class,
            "output format: text, srt, vtt or json (default: text)", "--format");
    private static final Option<Boolean> TIMESTAMPS = Option.flag("print times before each segment of the text",
            "--timestamps");
    private static final Option<Boolean> WORDS = Option.flag("word timestamps; in srt and vtt a cue for each word",
            "--words");
    private static final Option<String> PROMPT = Option.text("TEXT", "text before the speech: names, spelling, style",
            "--prompt", "-p");
    private static final Option<Float> TEMPERATURE = Option.number("X", 0, 2, "one sampling temperature instead of "
            + "0 and, where a text repeats itself or is improbable, 0.2 to 1", "--temperature", "--temp");
    private static final Option<Long> SEED = Option.longInteger("N", "random seed (default: 0)", "--seed", "-s");

    /// For [glia.cli.Cli].
    public TranscribeCommand() {}

    @Override
    public String name() {
        return "transcribe";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Transcribe speech, or translate it to English",
                List.of(new Positional("FILE", "sound file, or - for standard input", true).repeated()),
                Syntax.join(List.of(MODEL, LANGUAGE, TRANSLATE, FORMAT, TIMESTAMPS, WORDS, PROMPT, TEMPERATURE, SEED,
                        Json.OPTION), ComputeOptions.ALL))
                .examples("""
                        $ glia transcribe talk.mp3
                        And so my fellow Americans ask not what your country can do for you, ...
                        $ glia transcribe interview.flac --language german --translate --format srt > interview.srt
                        $ ffmpeg -i rtmp://host/live -f wav - | glia transcribe - --timestamps""")
                .notes("FILE is WAV, AIFF, AU, FLAC, MP3, Ogg Vorbis or Ogg Opus, of any rate and length. Standard "
                        + "input is transcribed while it arrives, in windows of 30 seconds.\n"
                        + "MODEL is a Whisper, Moonshine, wav2vec 2.0 or Parakeet CTC model in the Hugging Face "
                        + "layout. --language, --translate, --prompt and --temperature are for Whisper; models "
                        + "whose names end with .en are for English only.");
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException {
        TranscribeOptions options = options(arguments);
        Format format = arguments.has(Json.OPTION) ? Format.JSON : arguments.get(FORMAT).orElse(Format.TEXT);
        requireSounds(arguments.repeated(), format);
        ModelLocation choice = Models.locate(Optional.of(arguments.get(MODEL).orElse(DEFAULT_MODEL)), arguments,
                console);
        try (LanguageModel model = Models.load(choice.path(), ComputeOptions.of(arguments, Precision.FAST), arguments,
                console)) {
            Transcriber transcriber = new Transcriber(model);
            options.language().ifPresent(transcriber::code);
            for (String file : arguments.repeated()) {
                boolean isStream = file.equals(STANDARD_INPUT);
                try (SoundReader sound = isStream ? SoundReader.open("standard input", console.in())
                        : SoundReader.open(Path.of(file))) {
                    Printer printer = new Printer(console, format, arguments.has(TIMESTAMPS), arguments.has(WORDS));
                    printer.start();
                    Transcript transcript = transcriber.transcribe(sound, isStream, options, printer);
                    printer.end(file, transcript);
                }
            }
        }
        return ExitCode.OK;
    }

    /// Refuses files that are no sounds before a model is loaded; a pipe is read once.
    private static void requireSounds(List<String> files, Format format) throws IOException {
        if (files.stream().filter(STANDARD_INPUT::equals).count() > 1) {
            throw new UsageException("standard input (-) can be transcribed once");
        }
        if (files.size() > 1 && (format == Format.SRT || format == Format.VTT)) {
            throw new UsageException("--format: found " + files.size() + " sounds, but subtitles are those of one; run "
                    + "glia transcribe for each");
        }
        for (String file : files) {
            Path path = Path.of(file);
            if (!file.equals(STANDARD_INPUT)
                    && (Files.isRegularFile(path) || Files.isDirectory(path) || !Files.exists(path))) {
                SoundReader.open(path).close();
            }
        }
    }

    private static TranscribeOptions options(Arguments arguments) {
        TranscribeOptions options = TranscribeOptions.defaults()
                .with(arguments.get(LANGUAGE), arguments.has(TRANSLATE), true, arguments.has(WORDS))
                .withPrompt(arguments.get(PROMPT).orElse(""), true);
        List<Double> temperatures = arguments.get(TEMPERATURE).map(t -> List.of((double) t))
                .orElse(options.temperatures());
        return options.withTemperatures(temperatures, arguments.get(SEED).orElse(0L));
    }

    /// Prints segments when they are complete, and progress on a terminal.
    private static final class Printer implements Transcriber.Listener {
        private final Console console;
        private final Format format;
        private final boolean hasTimes;
        private final boolean hasWords;
        private boolean isFirst = true;
        private int numCues;

        Printer(Console console, Format format, boolean hasTimes, boolean hasWords) {
            this.console = console;
            this.format = format;
            this.hasTimes = hasTimes;
            this.hasWords = hasWords;
        }

        void start() {
            if (format == Format.VTT) {
                console.out().print("WEBVTT\n\n");
            }
        }

        @Override
        public void segment(Segment s) {
            clear();
            switch (format) {
                case JSON -> { }
                case TEXT -> text(s);
                case SRT, VTT -> cues(s).forEach(cue -> console.out().print(format == Format.SRT
                        ? Transcript.srt(cue) : Transcript.vtt(cue)));
            }
            console.out().flush();
        }

        private void text(Segment s) {
            if (hasTimes) {
                cues(s).forEach(cue -> console.out().println("[" + Transcript.time(cue.start(), false, '.') + " --> "
                        + Transcript.time(cue.end(), false, '.') + "] " + cue.text().strip()));
            } else {
                console.out().print(isFirst ? s.text().stripLeading() : s.text());
                isFirst = false;
            }
        }

        /// The segment, or its words.
        private List<Segment> cues(Segment s) {
            if (!hasWords || s.words().isEmpty()) {
                return List.of(cue(s, s.text(), s.start(), s.end()));
            }
            return s.words().stream().map(w -> cue(s, w.text(), w.start(), w.end())).toList();
        }

        private Segment cue(Segment s, String text, double start, double end) {
            return new Segment(numCues++, s.seek(), start, end, text, s.tokens(), s.temperature(),
                    s.logProbability(), s.compression(), s.noSpeech(), List.of());
        }

        @Override
        public void progress(double done, double total) {
            if (showsProgress()) {
                console.clearProgress();
                console.err().print(total < 0 ? String.format(Locale.ROOT, "%.0f s", done)
                        : String.format(Locale.ROOT, "%.0f of %.0f s", done, total));
                console.err().flush();
            }
        }

        private boolean showsProgress() {
            return console.errIsTerminal() && !console.outIsTerminal();
        }

        private void clear() {
            if (showsProgress()) {
                console.clearProgress();
            }
        }

        void end(String file, Transcript transcript) {
            clear();
            if (format == Format.TEXT && !hasTimes) {
                console.out().println();
            }
            if (format == Format.JSON) {
                Map<String, Object> document = new LinkedHashMap<>();
                document.put("file", file);
                document.put("language", transcript.language());
                document.put("duration", transcript.duration());
                document.put("text", transcript.text());
                document.put("segments", transcript.segments().stream().map(s -> s.fields(true)).toList());
                Json.print(console, document);
            }
        }
    }
}
