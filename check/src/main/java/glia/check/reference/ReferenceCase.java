package glia.check.reference;

import glia.tensor.Tensor;
import glia.tensor.autograd.Value;
import glia.tensor.kernel.Kernels;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/// A case of a [CaseFile]: parameters, inputs, what the reference library computed from them, and the comparison with
/// it. Inputs become recorded values, so that gradients of a loss can be compared.
///
/// The difference of a tensor is the largest difference of a value, divided by the reference's largest magnitude; that
/// of a scalar is divided by its magnitude, but at least by 0.01. Values that are not finite must be equal.
public final class ReferenceCase extends Variables {
    /// The tolerance for F32 arithmetic, which comparisons have unless they name another.
    public static final double F32 = 1e-4;
    /// The tolerance for F64 arithmetic on stored F32 inputs.
    public static final double F64 = 1e-6;

    private static final double LEAST_SCALAR = 1e-2;
    private static final String GRADIENT = "grad_";

    private final CaseFile file;
    private final JsonNode node;
    private final CaseParams params;
    private final Kernels kernels;
    private final Set<String> used = new HashSet<>();
    private final WorstDifference worst = new WorstDifference();

    ReferenceCase(CaseFile file, JsonNode node, Kernels kernels) {
        super(kernels);
        this.file = file;
        this.node = node;
        this.kernels = kernels;
        params = new CaseParams(node.path("params"));
    }

    /// The name of the case within its group.
    public String id() {
        return node.get("id").asString();
    }

    /// The kind of computation; empty if the group has one kind only.
    public String kind() {
        return node.path("kind").asString("");
    }

    /// The parameters.
    public CaseParams params() {
        return params;
    }

    /// The whole JSON object of the case.
    public JsonNode json() {
        return node;
    }

    /// The backend that computes.
    public Kernels kernels() {
        return kernels;
    }

    /// An error about a kind that the group does not know.
    ///
    /// @param expected the known ones
    public IllegalArgumentException unknownKind(String expected) {
        return new IllegalArgumentException("kind: found \"" + kind() + "\", expected " + expected);
    }

    // ---- inputs --------------------------------------------------------------------------------------------------

    private String inputName(String name) {
        return "batch." + node.path("batch").asString("") + "." + name;
    }

    /// Whether the case's batch has a tensor of this name.
    public boolean hasInput(String name) {
        return file.has(inputName(name));
    }

    /// A tensor of the case's batch.
    ///
    /// @throws IllegalArgumentException if there is none
    public CaseTensor input(String name) {
        return file.tensor(inputName(name));
    }

    // ---- results -------------------------------------------------------------------------------------------------

    /// Runs the backward pass of a loss and compares its value with the scalar `loss`.
    public void compareLoss(Value loss) {
        compare("loss", backward(loss));
    }

    private String resultName(String name) {
        return "case." + id() + "." + name;
    }

    /// Whether the case has a tensor of this name of its own.
    public boolean hasTensor(String name) {
        return file.has(resultName(name));
    }

    /// A tensor of the case: a result, or an input of its own. It counts as used.
    ///
    /// @throws IllegalArgumentException if there is none
    public CaseTensor tensor(String name) {
        used.add(name);
        return file.tensor(resultName(name));
    }

    /// Whether the case has a scalar result of this name.
    public boolean hasScalar(String name) {
        return node.path("scalars").has(name);
    }

    /// Compares a scalar.
    ///
    /// @throws IllegalArgumentException if the reference has none of this name
    public void compare(String name, double actual, double limit) {
        if (!hasScalar(name)) {
            throw new IllegalArgumentException(id() + ": there is no scalar " + name + ", found "
                    + node.path("scalars").propertyNames());
        }
        used.add(name);
        double expected = CaseParams.number(id() + ": " + name, node.path("scalars").get(name));
        worst.keep(name, WorstDifference.ratio(actual, expected, Math.max(LEAST_SCALAR, Math.abs(expected))), limit);
    }

    /// Compares a scalar of F32 arithmetic.
    public void compare(String name, double actual) {
        compare(name, actual, F32);
    }

    /// Compares a scalar of F32 arithmetic if the reference has it.
    public void compareIfThere(String name, double actual) {
        if (hasScalar(name)) {
            compare(name, actual);
        }
    }

    /// Compares a tensor. A gradient `grad_NAME` has the shape of the input NAME of the batch.
    ///
    /// @throws IllegalArgumentException if the number of values, or the shape of a gradient, differs
    public void compare(String name, double[] actual, double limit) {
        CaseTensor expected = tensor(name);
        String input = name.startsWith(GRADIENT) ? name.substring(GRADIENT.length()) : "";
        if (!input.isEmpty() && hasInput(input) && !Arrays.equals(expected.shape(), input(input).shape())) {
            throw new IllegalArgumentException(name + " is " + Arrays.toString(expected.shape()) + ", but " + input
                    + " is " + Arrays.toString(input(input).shape()));
        }
        if (expected.values().length != actual.length) {
            throw new IllegalArgumentException(name + ": computed " + actual.length + " values, the reference has "
                    + Arrays.toString(expected.shape()));
        }
        compare(name, actual, expected.values(), limit);
    }

    /// Compares a tensor of F32 arithmetic.
    public void compare(String name, double[] actual) {
        compare(name, actual, F32);
    }

    /// Compares a tensor of F32 arithmetic.
    public void compare(String name, Value actual) {
        compare(name, actual.tensor(), F32);
    }

    /// Compares an F32 tensor.
    public void compare(String name, Tensor actual, double limit) {
        compare(name, CaseTensor.of(actual).values(), limit);
    }

    /// Compares values with others of the same number that were read elsewhere.
    public void compare(String name, double[] actual, double[] expected, double limit) {
        worst.values(name, actual, expected, limit);
    }

    /// Compares values of F32 arithmetic with others of the same number that were read elsewhere.
    public void compare(String name, double[] actual, double[] expected) {
        compare(name, actual, expected, F32);
    }

    /// Compares a gradient with that of a reference which adds up the gradients of the cases of a batch where it shares
    /// the tensor and does not clear them: the stored gradient is that of its case, or the sum so far.
    ///
    /// @param gradient of the case alone
    /// @param expected the stored one
    public void compareAccumulated(String name, double[] gradient, double[] expected) {
        String key = node.path("batch").asString("") + ' ' + node.path("dtype").asString("");
        double[] sum = file.sums().computeIfAbsent(key, _ -> new double[gradient.length]);
        for (int i = 0; i < sum.length; i++) {
            sum[i] += gradient[i];
        }
        boolean isSum = WorstDifference.difference(sum, expected, 1)
                < WorstDifference.difference(gradient, expected, 1);
        compare(name, isSum ? sum : gradient, expected, F32);
    }

    /// The result.
    ///
    /// @throws IllegalArgumentException if a parameter was not read, a result was not compared or there is none
    CaseResult result() {
        Set<String> unread = params.unread();
        if (!unread.isEmpty()) {
            throw new IllegalArgumentException("the parameters " + unread + " are not supported");
        }
        Set<String> unused = new LinkedHashSet<>(node.path("scalars").propertyNames());
        node.path("tensors").forEach(n -> unused.add(n.asString()));
        unused.removeAll(used);
        if (!unused.isEmpty()) {
            throw new IllegalArgumentException("the results " + unused + " are not supported");
        }
        return worst.of(id());
    }
}
