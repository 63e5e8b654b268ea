package glia.lab.check;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.load.Checkpoints;
import glia.model.voice.SoundCodec;
import glia.model.voice.Vits;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.autograd.Recorder;
import glia.tensor.autograd.Value;
import glia.tensor.kernel.Kernels;
import glia.tensor.ops.Compute;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
        return Files.exists(folder.resolve("config.json"))
                && List.of(Vits.TYPE, SoundCodec.MIMI, SoundCodec.CONTINUOUS).contains(type(folder));
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
            Config config = Config.read(model.resolve("config.json"));
            Checkpoint checkpoint = Checkpoints.open(model);
            if (type(model).equals(Vits.TYPE)) {
                try (Vits vits = new Vits(config, model, checkpoint)) {
                    check.vits(vits);
                }
            } else {
                try (SoundCodec codec = new SoundCodec(config, model, checkpoint)) {
                    check.codec(codec);
                }
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

    /// All sounds of the file, whose stages are compared together.
    private void codec(SoundCodec codec) throws CheckpointException {
        Tensor sounds = expected.reals("input_values");
        int count = (int) sounds.shape()[0];
        int length = (int) sounds.size() / count;
        Map<String, List<float[]>> found = new LinkedHashMap<>();
        List<int[][]> codes = new ArrayList<>();
        try (Gradients gradients = new Gradients(); Recorder ops = new Recorder(kernels, gradients, w -> true,
                Precision.EXACT)) {
            Value loss = null;
            for (int i = 0; i < count; i++) {
                Tensor samples = sounds.reshape((long) count * length, 1).rows(i * length, (i + 1) * length);
                Tensor latents = codec.latents(ops, samples, x -> add(found, "encoder_conv", byChannel(x)));
                Tensor frames = latents;
                boolean hasCodes = codec.numCodes() > 0;
                add(found, "latents", hasCodes ? byChannel(latents) : latents.toArray());
                if (hasCodes) {
                    codes.add(codec.encode(ops, latents));
                    frames = codec.frames(ops, codes.getLast());
                    add(found, "quantized", byChannel(frames));
                }
                List<Tensor> stages = new ArrayList<>();
                Tensor audio = codec.samples(ops, frames, stages::add);
                add(found, "upsampled", byChannel(stages.getFirst()));
                add(found, "decoder_transformer", stages.getLast().toArray());
                add(found, "audio_values", audio.toArray());
                add(found, "audio_values_forward", Arrays.copyOf(audio.toArray(), length));
                Value own = new Value(ops, audio).square().mean();
                own = hasCodes ? own.plus(new Value(ops, latents).square().mean()) : own;
                loss = loss == null ? own : loss.plus(own);
                if (hasCodes) {
                    int[][] fewer = Arrays.copyOf(codes.getLast(), codec.numCodes() - 1);
                    try (Compute apart = new Compute(kernels, Precision.EXACT)) {
                        add(found, "audio_values_fewer", codec.samples(apart, codec.frames(apart, fewer), x -> { })
                                .toArray());
                    }
                }
            }
            for (Map.Entry<String, List<float[]>> stage : found.entrySet()) {
                if (expected.has(stage.getKey())) {
                    differences.numbers(stage.getKey(), joined(stage.getValue()), expected.reals(stage.getKey()));
                }
            }
            if (!codes.isEmpty()) {
                same("audio_codes", codes.stream().flatMap(Arrays::stream).flatMapToInt(Arrays::stream).toArray());
            }
            loss = loss.times(1.0 / count);
            differences.loss(loss.number());
            loss.backward();
            differences.gradients(codec.gradients(gradients));
        }
    }

    private static void add(Map<String, List<float[]>> all, String name, float[] values) {
        all.computeIfAbsent(name, _ -> new ArrayList<>()).add(values);
    }

    private static float[] joined(List<float[]> parts) {
        float[] all = new float[parts.stream().mapToInt(part -> part.length).sum()];
        int at = 0;
        for (float[] part : parts) {
            System.arraycopy(part, 0, all, at, part.length);
            at += part.length;
        }
        return all;
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
