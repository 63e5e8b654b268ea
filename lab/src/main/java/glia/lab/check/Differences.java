package glia.lab.check;

import glia.engine.pass.Engine;
import glia.engine.state.Sequence;
import glia.io.CheckpointException;
import glia.model.block.Input;
import glia.model.block.Pass.Outputs;
import glia.tensor.DType;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/// Compares results with those of a file and reports each.
///
/// @param tolerance of results in F32
record Differences(Expected expected, double tolerance, Consumer<CheckLine> lines) {
    private static final double LOSS = 1e-4;
    private static final double GRADIENTS = 1e-3;

    /// The tolerance of the logits of texts with pictures or sounds: twice what they change by where the numbers
    /// of these change by a unit in the last place, because towers may enlarge what rounding does, in the reference
    /// too; at least the tolerance of texts.
    static double withPictures(double ofTexts, Engine engine, List<Input> inputs) {
        double most = 0;
        for (Input input : inputs) {
            float[] plain = logits(engine, input);
            float[] moved = logits(engine, new Input(input.ids(), input.embedded().stream()
                    .map(e -> new Input.Embedded(e.start(), moved(e.rows()))).toList()));
            for (int i = 0; i < plain.length; i++) {
                most = Math.max(most, Math.abs((double) plain[i] - moved[i]));
            }
        }
        return Math.clamp(2 * most, ofTexts, 10 * ofTexts);
    }

    /// The tokens of a text up to its first placeholder, which is the place of a picture and no text; all if it has
    /// none.
    static int textLength(Engine engine, int[] ids) {
        int end = 0;
        while (end < ids.length && !isPlaceholder(engine, ids[end])) {
            end++;
        }
        return Math.min(ids.length, end + 1);
    }

    private static boolean isPlaceholder(Engine engine, int token) {
        return engine.model().spec().towers().stream().anyMatch(tower -> tower.placeholder() == token);
    }

    private static float[] logits(Engine engine, Input input) {
        try (Sequence sequence = engine.open()) {
            engine.add(sequence, input.ids(), input.embedded(), 0, input.ids().length, Outputs.ALL);
            return engine.run().toArray();
        }
    }

    /// Numbers a unit in the last place larger and smaller in turn.
    private static Input.Rows moved(Input.Rows of) {
        Tensor values = Tensor.allocate(Arena.ofAuto(), DType.F32, of.values().shape());
        for (long i = 0; i < values.size(); i++) {
            float x = of.values().get(i);
            values.set(i, (i * 0x9e3779b9L >>> 31 & 1) == 0 ? Math.nextUp(x) : Math.nextDown(x));
        }
        return new Input.Rows(values, of.grid(), of.order(), of.tower(), of.count(), of.positions(), of.numAxes(),
                of.advance(), of.sight(), of.hash() + " moved", of.whole().map(Differences::moved), of.first());
    }

    /// Compares numbers. Those larger than 1 may differ by more, in proportion.
    void numbers(String name, float[] found, Tensor wanted) throws CheckpointException {
        if (found.length != wanted.size()) {
            throw new CheckpointException(Path.of("expected.safetensors"), name, "is " + wanted + ", the model gives "
                    + found.length + " numbers");
        }
        double worst = 0;
        String where = "";
        for (int i = 0; i < found.length; i++) {
            double difference = Math.abs((double) found[i] - wanted.get(i)) / Math.max(1, Math.abs(wanted.get(i)));
            if (difference > worst || Double.isNaN(difference)) {
                worst = difference;
                where = "number " + i;
            }
        }
        lines.accept(new CheckLine(name.replace('_', ' '), worst, tolerance, where));
    }

    void loss(double found) throws CheckpointException {
        lines.accept(new CheckLine("loss", Math.abs(found - expected.reals("loss").get(0)), LOSS, ""));
    }

    /// Differences are relative to the largest value of their tensor, or to a two-thousandth of the largest of all
    /// where a gradient is zero up to rounding, such as that of a bias of keys without positions. That of a stored
    /// tensor which the family leaves unread must be zero.
    void gradients(Map<String, Tensor> found) throws CheckpointException {
        Map<String, double[]> largestAndDifference = new LinkedHashMap<>();
        double largestOfAll = 0;
        for (String name : expected.gradients()) {
            Tensor wanted = expected.reals(Expected.GRADIENT_PREFIX + name);
            Tensor got = found.get(name);
            if (got == null && isZero(wanted)) {
                continue;
            }
            if (got == null || !Arrays.equals(got.shape(), wanted.shape())) {
                throw new CheckpointException(Path.of("expected.safetensors"), Expected.GRADIENT_PREFIX + name,
                        "is " + wanted + ", the model has " + (got == null ? "no such parameter" : got));
            }
            double[] pair = new double[2];
            for (long i = 0; i < wanted.size(); i++) {
                pair[0] = Math.max(pair[0], Math.abs(wanted.get(i)));
                pair[1] = Math.max(pair[1], Math.abs((double) got.get(i) - wanted.get(i)));
            }
            largestOfAll = Math.max(largestOfAll, pair[0]);
            largestAndDifference.put(name, pair);
        }
        double worst = 0;
        String where = "";
        for (Map.Entry<String, double[]> entry : largestAndDifference.entrySet()) {
            double relative = entry.getValue()[1] / Math.max(entry.getValue()[0], 5e-4 * largestOfAll);
            if (relative > worst || Double.isNaN(relative)) {
                worst = relative;
                where = "worst is " + entry.getKey();
            }
        }
        lines.accept(new CheckLine("gradients, " + expected.gradients().size() + " tensors", worst, GRADIENTS, where));
    }

    private static boolean isZero(Tensor t) {
        boolean zero = true;
        for (long i = 0; zero && i < t.size(); i++) {
            zero = t.get(i) == 0;
        }
        return zero;
    }
}
