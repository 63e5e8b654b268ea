package glia.lab.check;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.voice.Qwen2OmniTalker;
import glia.model.voice.Qwen2OmniVocoder;
import glia.model.voice.Qwen3OmniTalker;
import glia.model.voice.Qwen3OmniVocoder;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.autograd.Recorder;
import glia.tensor.autograd.Value;
import glia.tensor.kernel.Kernels;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Ops;
import glia.tensor.ops.row.JoinedRows;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/// Compares the parts of Qwen2.5-Omni and Qwen3-Omni that speak with the `expected.safetensors` of their folders.
///
/// @param common compares single results
record OmniVoiceCheck(Kernels kernels, Expected expected, VoiceCheck common) {
    /// The classes that config.json names.
    static final List<String> TYPES = List.of(Qwen2OmniVocoder.TYPE, Qwen3OmniVocoder.TYPE,
            Qwen2OmniTalker.TYPE, Qwen3OmniTalker.TYPE);

    void run(String type, Path folder, Config config, Checkpoint checkpoint) throws CheckpointException {
        switch (type) {
            case Qwen2OmniVocoder.TYPE -> {
                try (Qwen2OmniVocoder vocoder = new Qwen2OmniVocoder(config, folder, checkpoint)) {
                    check(vocoder, Config.read(folder.resolve("sampler.json")));
                }
            }
            case Qwen2OmniTalker.TYPE -> {
                try (Qwen2OmniTalker talker = new Qwen2OmniTalker(config, folder, checkpoint)) {
                    check(talker);
                }
            }
            case Qwen3OmniTalker.TYPE -> {
                try (Qwen3OmniTalker talker = new Qwen3OmniTalker(config, folder, checkpoint)) {
                    check(talker);
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
            common.learn(loss, () -> vocoder.gradients(gradients));
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
            common.learn(loss, () -> vocoder.gradients(gradients));
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

    /// A prompt with codes of the same places, then a reply that is spoken greedily.
    private void check(Qwen2OmniTalker talker) throws CheckpointException {
        Tensor thinker = rows("inputs_embeds");
        try (Gradients gradients = new Gradients(); Recorder ops = new Recorder(kernels, gradients, w -> true,
                Precision.EXACT)) {
            Tensor logits = talker.logits(ops, talker.prompt(ops, thinker));
            common.numbers("logits", List.of(logits.toArray()));
            Value loss = new Value(ops, logits).logSoftmax().pick(expected.numbers("codes")).mean().times(-1);
            common.learn(loss, () -> talker.gradients(gradients));
        }
        try (Compute ops = new Compute(kernels, Precision.EXACT)) {
            Qwen2OmniTalker.Generation generation = talker.begin(talker.prompt(ops, thinker),
                    rows("thinker_reply_part"));
            List<float[]> all = new ArrayList<>();
            int[] codes = new int[expected.numbers("gen.codes").length];
            for (int i = 0; i < codes.length; i++) {
                codes[i] = generation.next(ops, logits -> {
                    all.add(logits.toArray());
                    return VoiceCheck.best(logits);
                });
            }
            common.numbers("gen.logits", all);
            common.same("gen.codes", codes);
        }
    }

    /// A text with a picture and first codes, a frame after it, then frames that are spoken greedily.
    private void check(Qwen3OmniTalker talker) throws CheckpointException {
        int[] codes = expected.numbers("codes");
        int[] residual = expected.numbers("residual");
        try (Gradients gradients = new Gradients(); Recorder ops = new Recorder(kernels, gradients, w -> true,
                Precision.EXACT)) {
            Tensor states = talker.states(ops, prompt(ops, talker));
            Tensor logits = talker.firstLogits(ops, states);
            common.numbers("logits", List.of(logits.toArray()));
            Tensor state = ops.select(states, new int[] {codes.length - 1}, 1);
            common.numbers("predictor_input_hidden", List.of(state.toArray()));
            int[] frame = IntStream.concat(IntStream.of(codes[codes.length - 1]), IntStream.of(residual)).toArray();
            Tensor further = talker.furtherLogits(ops, state, frame);
            common.numbers("code_predictor_logits", List.of(further.toArray()));
            Value loss = new Value(ops, logits).logSoftmax().pick(codes).mean().plus(new Value(ops, further)
                    .logSoftmax().pick(residual).mean()).times(-1);
            common.learn(loss, () -> talker.gradients(gradients));
        }
        try (Compute ops = new Compute(kernels, Precision.EXACT)) {
            Qwen3OmniTalker.Generation generation = talker.begin(prompt(ops, talker));
            Tensor trailing = talker.text(ops, rows("trailing_text"));
            Tensor pad = talker.text(ops, rows("tts_pad"));
            List<Integer> all = new ArrayList<>();
            while (all.size() < expected.numbers("gen.codes").length) {
                int row = all.size() / talker.numCodes();
                Arrays.stream(generation.next(ops, VoiceCheck::best, row < trailing.rows()
                        ? trailing.rows(row, row + 1) : pad)).forEach(all::add);
            }
            common.same("gen.codes", all.stream().mapToInt(code -> code).toArray());
        }
    }

    /// What the talker reads: a text, then a picture.
    private Tensor prompt(Ops ops, Qwen3OmniTalker talker) throws CheckpointException {
        Tensor text = talker.text(ops, rows("text_hidden"));
        Tensor picture = talker.other(ops, rows("image_hidden"));
        return ops.apply(new JoinedRows(text, picture, IntStream.range(0, text.rows() + picture.rows()).toArray()));
    }

    /// The rows of a tensor `[1, T, D]`.
    private Tensor rows(String name) throws CheckpointException {
        long[] shape = expected.shape(name);
        return common.frames(name, (int) shape[shape.length - 1]);
    }

    /// A spectrogram `[1, bands, T]` as frames.
    private Tensor turned(String name, int bands) throws CheckpointException {
        Tensor stored = expected.reals(name);
        int count = (int) stored.size() / bands;
        return Tensor.of(Arena.ofAuto(), VoiceCheck.byChannel(stored.reshape(bands, count)), count, bands);
    }
}
