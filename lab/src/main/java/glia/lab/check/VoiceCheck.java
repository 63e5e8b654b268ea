package glia.lab.check;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.load.Checkpoints;
import glia.model.voice.Vits;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.autograd.Recorder;
import glia.tensor.autograd.Value;
import glia.tensor.kernel.Kernels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.function.DoubleSupplier;

/// Compares models that speak with the `expected.safetensors` of their folders: each stage, the samples, the loss and
/// its gradients. Random numbers are those of the file.
public final class VoiceCheck {
    private static final double TOLERANCE = 1e-4;

    private final Kernels kernels;
    private final Expected expected;
    private final Consumer<CheckLine> lines;
    private final Differences differences;

    private VoiceCheck(Kernels kernels, Expected expected, Consumer<CheckLine> lines) {
        this.kernels = kernels;
        this.expected = expected;
        this.lines = lines;
        this.differences = new Differences(expected, TOLERANCE, lines);
    }

    /// Whether a folder holds such a model.
    public static boolean applies(Path folder) throws CheckpointException {
        return Files.exists(folder.resolve("config.json")) && type(folder).equals(Vits.TYPE);
    }

    private static String type(Path folder) throws CheckpointException {
        return Config.read(folder.resolve("config.json")).text("model_type", "");
    }

    /// Compares everything in the file of `folder` and reports each result.
    ///
    /// @param model the folder of the model
    /// @throws CheckpointException if a file cannot be read or does not fit
    public static void run(Path folder, Path model, Kernels kernels, Consumer<CheckLine> lines)
            throws CheckpointException {
        try (Expected expected = new Expected(folder.resolve("expected.safetensors"))) {
            VoiceCheck check = new VoiceCheck(kernels, expected, lines);
            Checkpoint checkpoint = Checkpoints.open(model);
            try (Vits vits = new Vits(Config.read(model.resolve("config.json")), model, checkpoint)) {
                check.vits(vits);
            }
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(folder, "", e.getMessage(), e);
        }
    }

    private void vits(Vits vits) throws CheckpointException {
        try (Gradients gradients = new Gradients(); Recorder ops = new Recorder(kernels, gradients, w -> true,
                Precision.EXACT)) {
            Vits.Utterance utterance = vits.read(ops, expected.ids("input_ids")[0],
                    expected.has("speaker_id") ? expected.numbers("speaker_id")[0] : 0);
            numbers("text_hidden", utterance.states());
            numbers("prior_means", utterance.means());
            numbers("prior_log_variances", utterance.logDeviations());
            int[] frames = utterance.chooseFrames(stored("noise.duration"), 1);
            double[] logs = utterance.logDurations();
            float[] found = new float[logs.length];
            for (int i = 0; i < found.length; i++) {
                found[i] = (float) logs[i];
            }
            differences.numbers("log_duration", found, expected.reals("log_duration"));
            same("durations", frames);
            Tensor spectrogram = utterance.spectrogram(stored("noise.prior"));
            differences.numbers("spectrogram", byChannel(spectrogram), expected.reals("spectrogram"));
            Tensor waveform = utterance.waveform();
            numbers("waveform", waveform);
            Value loss = new Value(ops, waveform).square().mean().plus(new Value(ops, spectrogram).square().mean());
            differences.loss(loss.number());
            loss.backward();
            differences.gradients(vits.gradients(gradients));
        }
    }

    private void numbers(String name, Tensor found) throws CheckpointException {
        differences.numbers(name, found.toArray(), expected.reals(name));
    }

    /// Whole numbers; the difference is how many differ.
    private void same(String name, int[] found) throws CheckpointException {
        int[] wanted = expected.numbers(name);
        if (wanted.length != found.length) {
            throw new CheckpointException(Path.of("expected.safetensors"), name, "has " + wanted.length
                    + " numbers, the model gives " + found.length);
        }
        int wrong = 0;
        for (int i = 0; i < found.length; i++) {
            wrong += found[i] == wanted[i] ? 0 : 1;
        }
        lines.accept(new CheckLine(name.replace('_', ' '), wrong, 0, ""));
    }

    /// The numbers of a tensor one after another.
    private DoubleSupplier stored(String name) throws CheckpointException {
        Tensor numbers = expected.reals(name);
        int[] next = new int[1];
        return () -> {
            if (next[0] == numbers.size()) {
                throw new IllegalArgumentException(name + " has " + numbers.size() + " numbers, the model takes more");
            }
            return numbers.get(next[0]++);
        };
    }

    private static float[] byChannel(Tensor x) {
        float[] all = new float[Math.toIntExact(x.size())];
        for (int i = 0; i < all.length; i++) {
            all[i] = x.get((long) i % x.rows() * x.cols() + i / x.rows());
        }
        return all;
    }
}
