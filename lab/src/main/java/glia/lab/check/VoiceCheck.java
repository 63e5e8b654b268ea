package glia.lab.check;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.load.Checkpoints;
import glia.model.voice.Csm;
import glia.model.voice.PocketTts;
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
import java.util.function.Supplier;
import java.util.stream.IntStream;

/// Compares models that speak with the `expected.safetensors` of their folders: each stage, the samples, the loss and
/// its gradients. Random numbers are those of the file.
public final class VoiceCheck {
    private static final double TOLERANCE = 1e-4;
    /// The weight of the loss of the end of a sound.
    private static final double END_WEIGHT = 0.1;
    /// The label of a frame of which the first code alone is learned.
    private static final int ONLY_FIRST = -101;

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
        if (!Files.exists(folder.resolve("config.json"))) {
            return false;
        }
        String type = type(folder);
        return List.of(Vits.TYPE, SoundCodec.MIMI, SoundCodec.CONTINUOUS, Csm.TYPE, PocketTts.TYPE).contains(type)
                || OmniVoiceCheck.TYPES.contains(type);
    }

    private static String type(Path folder) throws CheckpointException {
        Config config = Config.read(folder.resolve("config.json"));
        String[] classes = config.has("architectures") ? config.strings("architectures") : new String[0];
        return classes.length == 1 && OmniVoiceCheck.TYPES.contains(classes[0]) ? classes[0]
                : config.text("model_type", "");
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
            switch (type(model)) {
                case Vits.TYPE -> {
                    try (Vits vits = new Vits(config, model, checkpoint)) {
                        check.vits(vits);
                    }
                }
                case Csm.TYPE -> {
                    try (Csm csm = new Csm(config, model, checkpoint)) {
                        check.csm(csm);
                    }
                }
                case PocketTts.TYPE -> {
                    try (PocketTts pocket = new PocketTts(config, model, checkpoint)) {
                        check.pocket(pocket, folder);
                    }
                }
                case String omni when OmniVoiceCheck.TYPES.contains(omni) ->
                        new OmniVoiceCheck(kernels, expected, check).run(omni, folder, config, checkpoint);
                default -> {
                    try (SoundCodec codec = new SoundCodec(config, model, checkpoint)) {
                        check.codec(codec);
                    }
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
            learn(loss, () -> vits.gradients(gradients));
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
            learn(loss, () -> codec.gradients(gradients));
        }
    }

    /// A text with a sound: codes, logits, losses; then frames that are generated greedily.
    private void csm(Csm csm) throws CheckpointException {
        int[] ids = expected.ids("input_ids")[0];
        int[] labels = expected.numbers("labels");
        Tensor values = expected.reals("input_values");
        try (Gradients gradients = new Gradients(); Recorder ops = new Recorder(kernels, gradients, w -> true,
                Precision.EXACT); Compute apart = new Compute(kernels, Precision.EXACT)) {
            Tensor samples = values.reshape(values.size(), 1);
            int[][] codes = csm.codec().encode(apart, csm.codec().latents(apart, samples, x -> { }));
            same("audio_codes", Arrays.stream(codes).flatMapToInt(Arrays::stream).toArray());
            int[][] frames = csm.frames(ids, codes);
            Tensor rows = csm.rows(ops, ids, frames);
            Tensor states = csm.states(ops, rows);
            Tensor logits = csm.firstLogits(ops, states);
            numbers("logits", logits);
            int[] next = IntStream.range(1, ids.length).filter(t -> frames[t] != null).toArray();
            int[] wanted = IntStream.of(next).map(t -> frames[t][0]).toArray();
            Value loss = new Value(ops, logits).rows(IntStream.of(next).map(t -> t - 1).toArray()).logSoftmax()
                    .pick(wanted).mean().times(-1);
            lines.accept(new CheckLine("backbone loss", Math.abs(loss.number()
                    - expected.reals("backbone_loss").get(0)), TOLERANCE, ""));
            int[] whole = IntStream.of(next).filter(t -> labels[t] != ONLY_FIRST).toArray();
            int[][] read = IntStream.of(whole).mapToObj(t -> frames[t]).toArray(int[][]::new);
            Tensor others = csm.otherLogits(ops, ops.select(states, IntStream.of(whole).map(t -> t - 1).toArray(),
                    whole.length), read);
            numbers("depth_decoder_logits", others);
            loss = loss.plus(new Value(ops, others).logSoftmax().pick(Arrays.stream(read).flatMapToInt(frame ->
                    Arrays.stream(frame, 1, frame.length)).toArray()).mean().times(-1));
            learn(loss, () -> csm.gradients(gradients));
            generate(csm, apart, ids, frames);
        }
    }

    private void generate(Csm csm, Compute ops, int[] ids, int[][] frames) throws CheckpointException {
        Csm.Generation generation = csm.begin(csm.rows(ops, ids, frames));
        List<float[]> first = new ArrayList<>();
        List<float[]> others = new ArrayList<>();
        List<int[]> all = new ArrayList<>();
        for (int i = 0; i < expected.reals("gen.backbone_logits").shape()[1]; i++) {
            int[] count = new int[1];
            all.add(generation.next(ops, logits -> {
                (count[0]++ == 0 ? first : others).add(logits.toArray());
                return best(logits);
            }));
        }
        differences.numbers("gen.backbone_logits", joined(first), expected.reals("gen.backbone_logits"));
        differences.numbers("gen.depth_logits", joined(others), expected.reals("gen.depth_logits"));
        same("gen.codes", all.stream().flatMapToInt(Arrays::stream).toArray());
        numbers("gen.audio_values", csm.samples(ops, all));
    }

    /// A text with a voice and frames: states, ends, velocities, the loss; then frames that are generated.
    private void pocket(PocketTts model, Path folder) throws CheckpointException {
        int[] ids = expected.ids("input_ids")[0];
        Tensor voice = frames("audio_prompt_latents", model.size());
        try (Gradients gradients = new Gradients(); Recorder ops = new Recorder(kernels, gradients, w -> true,
                Precision.EXACT)) {
            Tensor frames = frames("audio_latents", model.size());
            Tensor states = model.states(ops, model.rows(ops, ids, voice, frames));
            numbers("last_hidden_state", states);
            Value ends = new Value(ops, model.ends(ops, states));
            numbers("logits", ends.tensor());
            int[] places = model.framePlaces(ids);
            int[] before = Arrays.copyOf(places, frames.rows());
            Tensor velocity = model.velocity(ops, ops.select(states, before, before.length),
                    expected.reals("flow_x"), expected.reals("flow_start").toArray(),
                    expected.reals("flow_end").toArray());
            numbers("velocity", velocity);
            // The last place is the end, the others are not.
            float[] signs = new float[places.length];
            Arrays.fill(signs, 0, signs.length - 1, -1);
            signs[signs.length - 1] = 1;
            Value end = ends.rows(places).times(Value.constant(ops, signs)).logSigmoid().mean().times(-END_WEIGHT);
            Value loss = new Value(ops, velocity).minus(new Value(ops, expected.reals("flow_target"))).square().mean()
                    .plus(end);
            learn(loss, () -> model.gradients(gradients));
        }
        try (Compute ops = new Compute(kernels, Precision.EXACT)) {
            generate(model, ops, Arrays.copyOf(ids, model.framePlaces(ids)[0] + 1), voice,
                    Config.read(folder.resolve("sampler.json")));
        }
    }

    private void generate(PocketTts model, Compute ops, int[] ids, Tensor voice, Config sampler)
            throws CheckpointException {
        PocketTts.Generation generation = model.begin(model.rows(ops, ids, voice, voice.rows(0, 0)));
        Tensor noise = frames("gen.noise", model.size());
        List<float[]> frames = new ArrayList<>();
        List<float[]> ends = new ArrayList<>();
        int left = -1;
        while (left != 0 && frames.size() < Math.min(noise.rows(), sampler.positive("max_new_tokens"))) {
            frames.add(generation.next(ops, ops.scale(noise.rows(frames.size(), frames.size() + 1),
                    (float) Math.sqrt(sampler.real("temperature"))), sampler.positive("num_flow_steps")).toArray());
            ends.add(new float[] {generation.end()});
            left = left > 0 ? left - 1 : frames.size() > sampler.integer("min_frames_before_eos")
                    && generation.end() > sampler.real("eos_threshold") ? sampler.integer("frames_after_eos") : left;
        }
        differences.numbers("gen.audio_latents", joined(frames), expected.reals("gen.audio_latents"));
        differences.numbers("gen.eos_logits", joined(ends), expected.reals("gen.eos_logits"));
    }

    /// Compares a loss and its gradients.
    void learn(Value loss, Supplier<Map<String, Tensor>> gradients) throws CheckpointException {
        differences.loss(loss.number());
        loss.backward();
        differences.gradients(gradients.get());
    }

    Tensor frames(String name, int size) throws CheckpointException {
        Tensor all = expected.reals(name);
        return all.reshape(all.size() / size, size);
    }

    static int best(Tensor logits) {
        return IntStream.range(0, logits.cols()).reduce(0, (a, b) -> logits.get(b) > logits.get(a) ? b : a);
    }

    private static void add(Map<String, List<float[]>> all, String name, float[] values) {
        all.computeIfAbsent(name, _ -> new ArrayList<>()).add(values);
    }

    static float[] joined(List<float[]> parts) {
        float[] all = new float[parts.stream().mapToInt(part -> part.length).sum()];
        int at = 0;
        for (float[] part : parts) {
            System.arraycopy(part, 0, all, at, part.length);
            at += part.length;
        }
        return all;
    }

    void numbers(String name, List<float[]> parts) throws CheckpointException {
        differences.numbers(name, joined(parts), expected.reals(name));
    }

    void numbers(String name, Tensor found) throws CheckpointException {
        differences.numbers(name, found.toArray(), expected.reals(name));
    }

    /// Whole numbers; the difference is how many differ.
    void same(String name, int[] found) throws CheckpointException {
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

    static float[] byChannel(Tensor x) {
        float[] all = new float[Math.toIntExact(x.size())];
        for (int i = 0; i < all.length; i++) {
            all[i] = x.get((long) i % x.rows() * x.cols() + i / x.rows());
        }
        return all;
    }
}
