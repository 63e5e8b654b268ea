package glia.plan.choose;

import glia.model.spec.ModelSpec;
import glia.plan.data.Device;
import glia.plan.predict.Effects;
import glia.plan.predict.Serving;
import glia.plan.predict.Setup;
import glia.plan.predict.Shape;
import glia.plan.predict.Training;
import glia.plan.predict.Training.Recompute;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Plans a training run: tries parallel layouts, stages of ZeRO, activation checkpointing and micro-batches, and ranks
/// what fits the memory by time.
///
/// Memory of a device, in bytes, with P parameters of its part of the model (`N / (tensor · pipeline)`), AdamW and
/// mixed precision: weights 2·P, gradients 2·P, optimizer 12·P; ZeRO stage 1 divides the optimizer by the replicas,
/// stage 2 the gradients too, stage 3 the weights too. Activations of a layer take `34·s·b·h / tensor` with fused
/// attention, or `2·s·b·h` if the layer is computed again; a pipeline of p stages holds p micro-batches.
///
/// Source: ZeRO, https://arxiv.org/abs/1910.02054; Reducing Activation Recomputation in Large Transformer Models,
/// https://arxiv.org/abs/2205.05198
public final class TrainingPlan {
    private static final double USABLE = 0.9;
    private static final double ACTIVATIONS = 34;
    private static final double OPTIMIZER = 12;
    private static final double STEP_TOKENS = 4e6;
    /// The part of the parameters that LoRA of rank 16 in all matrices trains.
    private static final double ADAPTERS = 0.005;
    private static final double PROMPT = 512;
    private static final double ANSWER = 2048;
    private static final double SECONDS_A_DAY = 86_400;
    private static final double HOURS_A_DAY = 24;
    /// Devices that are joined by the fast link.
    private static final int NODE = 8;

    private TrainingPlan() { }

    /// What is trained.
    public enum Method {
        /// All weights.
        FULL,
        /// Adapters (LoRA); the weights are frozen.
        LORA,
        /// All weights, by reinforcement learning: the tokens are generated first.
        RL
    }

    /// A run.
    ///
    /// @param tokens that are trained on
    /// @param sequence tokens of a sequence
    /// @param precision `BF16` or `FP8`
    /// @param dollars USD for an hour of a device; 0 if unknown
    public record Task(ModelSpec spec, double tokens, int sequence, Method method, String precision, Device device,
            int devices, double dollars) {
        /// @throws IllegalArgumentException if a number makes no sense
        public Task {
            if (!(tokens > 0) || sequence < 1 || devices < 1) {
                throw new IllegalArgumentException("found " + tokens + " tokens, sequences of " + sequence + " and "
                        + devices + " devices, expected numbers above 0");
            }
        }
    }

    /// A layout that fits.
    ///
    /// @param zero stage of ZeRO
    /// @param memory bytes of a device, by part
    /// @param operations FLOPs of the model in the whole run
    /// @param tokensPerSecond of a device
    /// @param dollars USD of the whole run
    public record Layout(int tensor, int pipeline, int replicas, int zero, Recompute recompute, int microBatch,
            Map<String, Double> memory, double operations, double tokensPerSecond, double days, double dollars) {
        public Layout {
            memory = new LinkedHashMap<>(memory);
        }

        /// Bytes of a device.
        public double bytes() {
            return memory.values().stream().mapToDouble(Double::doubleValue).sum();
        }
    }

    /// The layouts that fit, the fastest first.
    public static List<Layout> of(Task task, Effects effects) {
        List<Layout> all = new ArrayList<>();
        Shape shape = Shape.of(task.spec());
        for (int tensor = 1; tensor <= Math.min(NODE, task.devices()); tensor *= 2) {
            for (int pipeline = 1; pipeline <= Math.min(shape.layers(), task.devices() / tensor); pipeline *= 2) {
                if (task.devices() % (tensor * pipeline) == 0) {
                    for (int zero = 0; zero <= 3; zero++) {
                        for (Recompute recompute : Recompute.values()) {
                            for (int micro = 1; micro <= 16; micro *= 2) {
                                layout(task, effects, shape, new int[] {tensor, pipeline, zero, micro}, recompute, all);
                            }
                        }
                    }
                }
            }
        }
        // Of equally fast layouts that with the lower stage, less memory and fewer parts is simpler.
        all.sort(Comparator.comparingDouble(Layout::days).thenComparingInt(Layout::zero)
                .thenComparingDouble(Layout::bytes));
        return all;
    }

    private static void layout(Task task, Effects effects, Shape shape, int[] sizes, Recompute recompute,
            List<Layout> all) {
        int tensor = sizes[0];
        int pipeline = sizes[1];
        int zero = sizes[2];
        int micro = sizes[3];
        int replicas = task.devices() / (tensor * pipeline);
        double sequences = STEP_TOKENS / task.sequence();
        if (zero > 0 && replicas == 1 || zero > 1 && pipeline > 1 || micro * replicas > Math.max(sequences, replicas)) {
            return;
        }
        Map<String, Double> memory = memory(task, shape, sizes, recompute, replicas);
        double bytes = memory.values().stream().mapToDouble(Double::doubleValue).sum();
        if (bytes > USABLE * task.device().memory().orElse(0)) {
            return;
        }
        boolean isLora = task.method() == Method.LORA;
        double rate = Double.MAX_VALUE;
        // Published runs differ in more than the stage; gathering weights never makes a step faster.
        for (int stage = zero == 3 ? 0 : 1; stage < 2; stage++) {
            rate = Math.min(rate, Training.tokensPerSecond(effects, shape, new Training.Run(task.device(), "", "",
                    task.precision(), task.devices(), tensor, pipeline, 1, 1, 1, stage == 0, recompute, task.sequence(),
                    micro, Math.max(1, sequences / (replicas * micro)), isLora, false)));
        }
        double seconds = task.tokens() / (rate * task.devices());
        if (task.method() == Method.RL) {
            seconds += task.tokens() / generated(task, effects, shape);
        }
        double days = seconds / SECONDS_A_DAY;
        double operations = (isLora ? 2 / 3.0 : 1) * task.tokens() * Training.operations(shape, task.sequence());
        all.add(new Layout(tensor, pipeline, replicas, zero, recompute, micro, memory, operations,
                task.tokens() / seconds / task.devices(), days, days * HOURS_A_DAY * task.devices() * task.dollars()));
    }

    /// Tokens of rollouts per second of all devices, each copy of the model on a node or less.
    private static double generated(Task task, Effects effects, Shape shape) {
        int copy = Math.min(NODE, task.devices());
        Setup setup = new Setup(task.device(), copy, Setup.Split.TENSOR, "", 16, 0);
        Serving.Load load = new Serving.Load(PROMPT, ANSWER, 0, 2);
        return (double) task.devices() / copy * Serving.outputRate(effects, setup, shape, 2 * shape.parameters(), load);
    }

    private static Map<String, Double> memory(Task task, Shape shape, int[] sizes, Recompute recompute,
            int replicas) {
        int tensor = sizes[0];
        int pipeline = sizes[1];
        int zero = sizes[2];
        double part = shape.parameters() / (tensor * pipeline);
        double trained = task.method() == Method.LORA ? ADAPTERS * part : part;
        double rows = (double) task.sequence() * sizes[3] * shape.hidden();
        double layers = shape.layers() / pipeline * pipeline;
        double whole = ACTIVATIONS * rows / tensor;
        Map<String, Double> memory = new LinkedHashMap<>();
        memory.put("weights", 2 * part / (zero >= 3 ? replicas : 1));
        memory.put("gradients", 2 * trained / (zero >= 2 ? replicas : 1));
        memory.put("optimizer", OPTIMIZER * trained / (zero >= 1 ? replicas : 1));
        memory.put("activations", switch (recompute) {
            case NONE -> layers * whole;
            // Attention is fused, so that it holds no scores: what is computed again is a tenth.
            case SELECTIVE -> 0.9 * layers * whole;
            case FULL -> layers * 2 * rows / tensor + whole;
        });
        memory.put("logits", 6.0 * task.sequence() * sizes[3] * task.spec().vocabSize() / tensor);
        if (task.method() == Method.RL) {
            memory.put("reference model", 2 * part / (zero >= 3 ? replicas : 1));
        }
        return memory;
    }
}
