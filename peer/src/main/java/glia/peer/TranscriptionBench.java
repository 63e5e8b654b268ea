package glia.peer;

import glia.engine.LanguageModel;
import glia.engine.load.LoadOptions;
import glia.engine.speech.TranscribeOptions;
import glia.engine.speech.Transcriber;
import glia.io.sound.SoundReader;
import glia.tensor.Precision;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/// Seconds of sound a second that Whisper writes down in Glia and in another program, in turns, models loaded before:
/// medians, and the median of the ratios of neighbors. Greedy, with timestamps, without words.
public final class TranscriptionBench {
    private static final int THREADS = 2;

    private TranscriptionBench() { }

    /// Prints the table.
    ///
    /// @param args the model's folder; a sound; the command of a Python that has the others; this module's whisper.py;
    ///     rounds; then for each other program what whisper.py reads: `faster:TYPE` or `cpp`, `=`, and its model
    public static void main(String[] args) throws Exception {
        if (args.length < 6) {
            System.err.println("usage: FOLDER SOUND PYTHON whisper.py ROUNDS (faster:int8=FOLDER "
                    + "| faster:float32=FOLDER | cpp=FILE)...");
            System.exit(2);
        }
        Path sound = Path.of(args[1]);
        System.out.println("| seconds of sound a second, median (least, most) | Glia | the other | ratio |");
        System.out.println("|---|--:|--:|--:|");
        for (Precision precision : List.of(Precision.FAST, Precision.HALF)) {
            try (LanguageModel model = LanguageModel.load(Path.of(args[0]),
                    new LoadOptions(THREADS, 0, "auto", precision))) {
                Transcriber transcriber = new Transcriber(model);
                for (String other : List.of(args).subList(5, args.length)) {
                    try (PythonPeer peer = new PythonPeer(List.of(args[2], args[3], other, "" + THREADS))) {
                        PythonPeer.Turns turns = peer.turns(Integer.parseInt(args[4]), () -> rate(transcriber, sound),
                                sound.toString());
                        System.out.printf(Locale.ROOT, "| %s beside %s | %s | %s | %s |%n",
                                precision.name().toLowerCase(Locale.ROOT), peer.name(),
                                PythonPeer.summary(turns.ours(), 1), PythonPeer.summary(turns.theirs(), 1),
                                PythonPeer.summary(turns.ratios(), 2));
                    }
                }
            }
        }
    }

    private static double rate(Transcriber transcriber, Path file) throws IOException {
        long start = System.nanoTime();
        try (SoundReader sound = SoundReader.open(file)) {
            double seconds = transcriber.transcribe(sound, false, TranscribeOptions.defaults(),
                    new Transcriber.Listener() { }).duration();
            return seconds / ((System.nanoTime() - start) / 1e9);
        }
    }
}
