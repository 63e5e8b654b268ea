package glia.check.training;

import glia.check.reference.CaseResult;
import glia.check.reference.CaseTensor;
import glia.check.reference.ReferenceCase;
import glia.check.reference.WorstDifference;
import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.safetensors.SafetensorsCheckpoint;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.adapter.AdapterFolder;
import glia.model.adapter.Adapters;
import glia.model.block.Pass;
import glia.model.block.States;
import glia.model.block.Weights;
import glia.model.spec.Head;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import glia.tensor.DType;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import glia.tensor.ops.Compute;
import glia.tensor.ops.LowRank;
import glia.tensor.ops.Weight;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;

/// Adapters as PEFT saves and computes them, one folder each: logits with and without the adapter, loss, gradients,
/// merged weights, and steps of AdamW.
public final class LoraCases {
    private static final String CONFIG = "adapter_config.json";
    private static final String EXPECTED = "expected.safetensors";
    private static final String STEPS = "train.json";
    private static final String GRADIENT = "grad.";
    private static final String MERGED = "merged.";
    private static final double GRADIENTS = 1e-3;
    /// The least size of a gradient, of the largest one: smaller ones are 0 but for rounding, such as those of a bias
    /// of keys without positions.
    private static final double LEAST_GRADIENT = 1e-3;
    private static final double MERGED_LOGITS = 1e-3;

    private LoraCases() { }

    /// Runs the cases.
    ///
    /// @throws IOException if the folder cannot be read
    public static void run(Path folder, Path goldens, Kernels kernels, Consumer<CaseResult> results)
            throws IOException {
        List<Path> cases;
        try (Stream<Path> folders = Files.list(folder)) {
            cases = folders.filter(f -> Files.isRegularFile(f.resolve(CONFIG))).sorted().toList();
        }
        for (Path each : cases) {
            String id = each.getFileName().toString();
            try {
                results.accept(run(id, each, goldens, kernels));
            } catch (CheckpointException | IllegalArgumentException | IllegalStateException e) {
                results.accept(CaseResult.failed(id, e.getMessage()));
            }
        }
    }

    private static CaseResult run(String id, Path folder, Path goldens, Kernels kernels) throws IOException {
        Path base = goldens.resolve(Path.of(Config.read(folder.resolve(CONFIG)).text("base_model_name_or_path"))
                .getFileName());
        try (Model model = ModelLoader.load(base); Adapters adapters = AdapterFolder.read(model, folder);
                Checkpoint expected = SafetensorsCheckpoint.open(folder.resolve(EXPECTED));
                Arena arena = Arena.ofShared()) {
            Case each = new Case(model, adapters, expected, kernels, arena, new WorstDifference());
            each.logits();
            each.gradients();
            each.merged();
            Path steps = folder.resolve(STEPS);
            if (Files.exists(steps)) {
                new AdapterSteps(model, folder, each.batch(), Config.read(steps), kernels).compare(each.comparison);
            }
            return each.comparison.of(id);
        }
    }

    /// One adapter.
    private record Case(Model model, Adapters adapters, Checkpoint expected, Kernels kernels, Arena arena,
            WorstDifference comparison) {
        private double[] values(String name) throws CheckpointException {
            return CaseTensor.of(expected.tensor(name)).values();
        }
 private void compare(String label, String name, Tensor found, double limit) throws CheckpointException {
            compare(label, name, found, found.shape(), limit);
        }

        private void compare(String label, String name, Tensor found, long[] shape, double limit)
                throws CheckpointException {
            double[] actual = CaseTensor.of(found).values();
            double[] reference = values(name);
            if (!Arrays.equals(shape, expected.tensor(name).shape())) {
                throw new IllegalArgumentException(label + ": computed " + Arrays.toString(shape)
                        + ", the reference has " + expected.tensor(name));
            }
            comparison.values(label, actual, reference, limit);
        }
 private int[][] texts() throws CheckpointException {
            CaseTensor ids = CaseTensor.of(expected.tensor("input_ids"));
            int[][] texts = new int[ids.dim(0)][ids.dim(1)];
            for (int i = 0; i < texts.length; i++) {
                System.arraycopy(ids.ints(), i * ids.dim(1), texts[i], 0, ids.dim(1));
            }
            return texts;
        }
 private Tensor logits(Model of) throws CheckpointException {
            Pass pass = new Pass();
            for (int[] text : texts()) {
                pass.add(text, 0, text.length, 0, Pass.Outputs.ALL);
            }
            try (Compute ops = new Compute(kernels, Precision.EXACT)) {
                return Tensor.of(arena, of.decoder().forward(ops, pass, States.NONE).toArray(), pass.numOutputs(),
                        of.spec().vocabSize());
            }
        }
 private void logits() throws CheckpointException {
            compare("logits", "logits", logits(adapters.attach()), shapeOfLogits(), ReferenceCase.F32);
            compare("logits_base", "logits_base", logits(model), shapeOfLogits(), ReferenceCase.F32);
        }
 private long[] shapeOfLogits() throws CheckpointException {
            long[] ids = expected.tensor("input_ids").shape();
            return new long[] {ids[0], ids[1], model.spec().vocabSize()};
        }
 private TokenBatch batch() throws CheckpointException {
            TokenBatch batch = new TokenBatch();
            for (int[] text : texts()) {
                batch.add(text);
            }
            return batch;
        }
 private TrainingPass pass() {
            return TrainingPass.of(adapters.attach(), kernels,
                    TrainingOptions.defaults().withTrainable(adapters::contains));
        }
 private void gradients() throws CheckpointException {
            try (TrainingPass pass = pass()) {
                comparison.values("loss", new double[] {pass.loss(batch())}, values("loss"), ReferenceCase.F32);
                Map<String, Tensor> found = adapters.gradients(pass.weightGradients(), arena);
                double largest = 0;
                for (String name : expected.names()) {
                    largest = name.startsWith(GRADIENT) ? Math.max(largest, WorstDifference.largest(values(name)))
                            : largest;
                }
                for (String name : expected.names()) {
                    if (name.startsWith(GRADIENT)) {
                        Tensor gradient = found.get(name.substring(GRADIENT.length()));
                        if (gradient == null) {
                            throw new IllegalArgumentException(name + " is of no tensor of the adapter; it has "
                                    + found.keySet());
                        }
                        double own = WorstDifference.largest(values(name));
                        compare(name, name, gradient, GRADIENTS * (own == 0 ? 1
                                : Math.max(1, LEAST_GRADIENT * largest / own)));
                    }
                }
            }
        }

        /// An adapter that cannot be merged has no merged weights.
        private void merged() throws CheckpointException {
            if (expected.names().stream().noneMatch(name -> name.startsWith(MERGED))) {
                return;
            }
            Model merged = adapters.merged();
            Map<Parameter, Weight> plain = new HashMap<>();
            merged.weights().all().forEach((p, w) -> plain.put(p, new Weight.Stored(w.toF32(arena))));
            for (String name : expected.names()) {
                if (name.startsWith(MERGED)) {
                    Tensor found = stored(merged, plain, name.substring(MERGED.length()));
                    if (isSharedWithHead(name.substring(MERGED.length()))) {
                        addChangeOfHead(found, plain.get(Parameter.of(Role.HEAD)));
                    }
                    compare(name, name, found, ReferenceCase.F32);
                }
            }
            compare("merged logits", "logits", logits(merged.with(new Weights(plain))), shapeOfLogits(), MERGED_LOGITS);
        }

        /// Whether a tensor is the embedding and, in the base, the head, which has an adapter of its own.
        private boolean isSharedWithHead(String name) {
            return model.spec().head().matrix() == Head.Matrix.TIED
                    && adapters.all().get(Parameter.of(Role.HEAD)) instanceof LowRank
                    && model.storedName(Parameter.of(Role.EMBEDDING)).equals(name);
        }

        /// PEFT merges adapters of embedding and head into the one tensor that both share. A merged model has two.
        private void addChangeOfHead(Tensor embedding, Weight head) {
            Tensor base = model.weights().get(Parameter.of(Role.EMBEDDING)).toF32(arena);
            Tensor merged = ((Weight.Stored) head).tensor();
            for (long i = 0; i < embedding.size(); i++) {
                embedding.set(i, embedding.get(i) + merged.get(i) - base.get(i));
            }
        }

        /// A tensor of the base checkpoint with the values of its parameters.
        private Tensor stored(Model merged, Map<Parameter, Weight> weights, String name) {
            List<Parameter> inside = merged.sources().keySet().stream()
                    .filter(p -> merged.storedName(p).equals(name)).toList();
            if (inside.isEmpty()) {
                throw new IllegalArgumentException(MERGED + name + " is no tensor of the base model");
            }
            Parameter first = inside.getFirst();
            Tensor whole = Tensor.allocate(arena, DType.F32,
                    merged.sources().get(first).storedShape(weights.get(first).shape()));
            inside.forEach(p -> merged.sources().get(p).write(((Weight.Stored) weights.get(p)).tensor(), whole));
            return whole;
        }
    }
}
