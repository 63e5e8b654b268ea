package glia.lab.check;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.voice.Qwen2OmniVocoder;
import glia.model.voice.Qwen3OmniVocoder;
import glia.tensor.DType;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.autograd.Recorder;
import glia.tensor.autograd.Value;
import glia.tensor.kernel.Kernels;
import glia.tensor.ops.Compute;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/// Compares the parts of Qwen2.5-Omni and Qwen3-Omni that speak with the `expected.safetensors` of their folders.
///
/// @param common compares single results
record OmniVoiceCheck(Kernels kernels, Expected expected, VoiceCheck common) {
    /// The classes that config.json names.
    static final List<String> TYPES = List.of(Qwen2OmniVocoder.TYPE, Qwen3OmniVocoder.TYPE);

    void run(String type, Path folder, Config config, Checkpoint checkpoint) throws CheckpointException {
        switch (type) {
            case Qwen2OmniVocoder.TYPE -> {
                try (Qwen2OmniVocoder vocoder = new Qwen2OmniVocoder(config, folder, checkpoint)) {
                    check(vocoder, Config.read(folder.resolve("sampler.json")));
                }
            }
            default -> {
                try (Qwen3OmniVocoder vocoder = new Qwen3OmniVocoder(config, folder, checkpoint)) {
                    check(vocoder, Config.read(folder.resolve("sampler.json")));
                }
            }
        }
    }

    /// Codes to samples, at once and part by part.
    private void check(Qwen3OmniVocoder vocoder, Config sampler) throws CheckpointException {
        int[] all = expected.numbers("codes");
        long[] shape = expected.shape("codes");
        int books = (int) shape[1];
        int count = (int) shape[2];
        List<float[]> states = new ArrayList<>();
        List<float[]> whole = new ArrayList<>();
        List<float[]> parts = new ArrayList<>();
        try (Gradients gradients = new Gradients(); Recorder ops = new Recorder(kernels, gradients, w -> true,
                Precision.EXACT); Compute apart = new Compute(kernels, Precision.EXACT)) {
            Value loss = null;
            for (int i = 0; i < shape[0]; i++) {
                int[][] codes = new int[books][];
                for (int b = 0; b < books; b++) {
                    int start = (i * books + b) * count;
                    codes[b] = Arrays.copyOfRange(all, start, start + count);
                }
                Tensor samples = vocoder.samples(ops, codes, x -> states.add(x.toArray()));
                whole.add(samples.toArray());
                vocoder.parts(apart, codes, sampler.positive("chunk_size"), sampler.integer("left_context_size"),
                        parts::add);
                Value own = new Value(ops, samples).square().mean().times(1.0 / shape[0]);
                loss = loss == null ? own : loss.plus(own);
            }
            common.numbers("pre_transformer", states);
            common.numbers("waveform", whole);
            common.numbers("waveform_chunked", parts);
            learn(loss, () -> vocoder.gradients(gradients));
        }
    }

    /// Velocities and a waveform, then a spectrogram that is generated.
    private void check(Qwen2OmniVocoder vocoder, Config sampler) throws CheckpointException {
        int[] codes = expected.numbers("code");
        Tensor x = common.frames("x", vocoder.bands());
        Qwen2OmniVocoder.Speaker speaker = new Qwen2OmniVocoder.Speaker(expected.reals("conditioning"),
                common.frames("reference_mel", vocoder.bands()));
        try (Gradients gradients = new Gradients(); Recorder ops = new Recorder(kernels, gradients, w -> true,
                Precision.EXACT)) {
            common.numbers("speaker_encoder", List.of(vocoder.voice(ops, speaker.mel()).toArray()));
            Tensor[] velocities = vocoder.velocities(ops, x, codes, speaker, expected.reals("time").get(0));
            common.numbers("velocity", List.of(velocities[0].toArray(), velocities[1].toArray()));
            common.numbers("velocity_no_cfg", List.of(velocities[0].toArray()));
            Tensor samples = vocoder.samples(ops, turned("mel", vocoder.bands()));
            common.numbers("waveform", List.of(samples.toArray()));
            Value loss = new Value(ops, velocities[0]).square().mean().plus(new Value(ops, velocities[1]).square()
                    .mean()).times(0.5).plus(new Value(ops, samples).square().mean());
            learn(loss, () -> vocoder.gradients(gradients));
        }
        try (Compute ops = new Compute(kernels, Precision.EXACT)) {
            double[] times = Qwen2OmniVocoder.times(sampler.positive("num_steps"), sampler.real("sway_coefficient"));
            float[] found = new float[times.length];
            for (int i = 0; i < found.length; i++) {
                found[i] = (float) times[i];
            }
            common.numbers("sample_times", List.of(found));
            Tensor mel = vocoder.spectrogram(ops, common.frames("noise", vocoder.bands()), codes, speaker, times,
                    sampler.real("guidance_scale"));
            common.numbers("sample_mel", List.of(VoiceCheck.byChannel(mel)));
            common.numbers("sample_waveform", List.of(vocoder.samples(ops, mel).toArray()));
        }
    }

    /// A spectrogram `[1, bands, T]` as frames.
    private Tensor turned(String name, int bands) throws CheckpointException {
        Tensor stored = expected.reals(name);
        int count = (int) stored.size() / bands;
        Tensor frames = Tensor.allocate(Arena.ofAuto(), DType.F32, count, bands);
        for (int i = 0; i < stored.size(); i++) {
            frames.set((long) i % count * bands + i / count, stored.get(i));
        }
        return frames;
    }

    private void learn(Value loss, Supplier<Map<String, Tensor>> gradients) throws CheckpointException {
        common.differences.loss(loss.number());
        loss.backward();
        common.differences.gradients(gradients.get());
    }
}
