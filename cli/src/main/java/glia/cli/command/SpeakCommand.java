package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.Positional;
import glia.cli.args.Syntax;
import glia.cli.args.UsageException;
import glia.cli.option.ComputeOptions;
import glia.cli.terminal.Console;
import glia.cli.terminal.ExitCode;
import glia.engine.voice.Speaker;
import glia.io.hub.ModelLocation;
import glia.io.sound.WavBytes;
import glia.tensor.Precision;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// Speaks a text.
public final class SpeakCommand implements Command {
    private static final Option<String> OUTPUT = Option.text("FILE",
            "WAV file to write, or - for standard output (default: speech.wav)", "--output", "-o");
    private static final Option<String> FILE = Option.text("FILE", "file with the text, or - for standard input",
            "--file", "-f");
    private static final Option<String> VOICE = Option.text("NAME", "voice: a number or a name, for models of several "
            + "(default: the first)", "--voice", "--speaker");
    private static final Option<Float> SPEED = Option.number("X", (float) Speaker.SLOWEST, (float) Speaker.FASTEST,
            "speed; 2 is twice as fast (default: 1)", "--speed");
    private static final Option<Boolean> PHONEMES = Option.flag("the text is of phonemes, as espeak-ng --ipa prints "
            + "them, for models that read these", "--phonemes");
    private static final Option<Long> SEED = Option.longInteger("N", "random seed (default: 0)", "--seed", "-s");

    /// For [glia.cli.Cli].
    public SpeakCommand() {}

    @Override
    public String name() {
        return "speak";
    }

    @Override
    public Syntax syntax() {
        return new Syntax(name(), "Speak a text",
                List.of(Models.MODEL, new Positional("TEXT", "what is spoken", false)),
                Syntax.join(List.of(OUTPUT, TextFiles.FORCE, FILE, VOICE, SPEED, PHONEMES, SEED), ComputeOptions.ALL))
                .examples("""
                        $ glia speak facebook/mms-tts-eng "The sky is blue." -o sky.wav
                        sky.wav: 1.4 s, 16000 Hz
                        $ glia speak facebook/mms-tts-eng --file story.txt -o - | aplay""")
                .notes("For VITS models in the Hugging Face layout, such as those of MMS-TTS in 1,100 languages, CSM, "
                        + "Pocket TTS, and whole repositories of Qwen2.5-Omni and Qwen3-Omni. "
                        + "The sound is written while it is made, sentence by sentence. The same seed gives the same "
                        + "sound.");
    }

    @Override
    public int run(Arguments arguments, Console console) throws IOException {
        String text = text(arguments, console);
        String name = arguments.get(OUTPUT).orElse("speech.wav");
        boolean isStream = name.equals(TextFiles.STANDARD);
        Path file = Path.of(isStream ? "speech.wav" : name);
        if (!file.toString().toLowerCase(Locale.ROOT).endsWith(".wav")) {
            throw new UsageException("--output: found " + name + ", expected a name that ends with .wav, or -");
        }
        if (!isStream) {
            TextFiles.checkWritable(file, arguments);
        }
        Speaker.Options options = new Speaker.Options(arguments.get(VOICE), arguments.get(SPEED).orElse(1f),
                arguments.get(SEED).orElse(0L), arguments.has(PHONEMES));
        ModelLocation choice = Models.locate(Optional.of(arguments.required(0)), arguments, console);
        try (Speaker speaker = Speaker.load(choice.path(), ComputeOptions.of(arguments, Precision.FAST))) {
            if (isStream) {
                speak(speaker, text, options, console.out());
                return ExitCode.OK;
            }
            long bytes;
            try (OutputStream out = Files.newOutputStream(file)) {
                bytes = speak(speaker, text, options, out);
            } catch (IOException | RuntimeException e) {
                Files.deleteIfExists(file);
                throw e;
            }
            try (RandomAccessFile header = new RandomAccessFile(file.toFile(), "rw")) {
                header.write(WavBytes.header(speaker.sampleRate(), bytes));
            }
            console.out().println(String.format(Locale.ROOT, "%s: %.1f s, %d Hz", file,
                    bytes / 2.0 / speaker.sampleRate(), speaker.sampleRate()));
        }
        return ExitCode.OK;
    }

    private static String text(Arguments arguments, Console console) throws IOException {
        Optional<String> given = arguments.optional(1);
        if (given.isPresent() == arguments.has(FILE)) {
            throw new UsageException(given.isPresent() ? "TEXT and --file are given; expected one of them"
                    : "TEXT is missing: what is spoken, or --file FILE");
        }
        return given.isPresent() ? given.get() : TextFiles.read(arguments.get(FILE).orElseThrow(), console);
    }

    /// @return the bytes of the samples
    private static long speak(Speaker speaker, String text, Speaker.Options options, OutputStream out)
            throws IOException {
        long[] count = new long[1];
        try {
            speaker.speak(text, options, samples -> {
                try {
                    if (count[0] == 0) {
                        out.write(WavBytes.header(speaker.sampleRate(), WavBytes.UNKNOWN));
                    }
                    byte[] bytes = WavBytes.samples(samples);
                    out.write(bytes);
                    out.flush();
                    count[0] += bytes.length;
                    return true;
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        } catch (UncheckedIOException e) {
            throw e.getCause();
        } catch (IllegalArgumentException e) {
            throw new UsageException(e.getMessage(), e);
        }
        return count[0];
    }
}
