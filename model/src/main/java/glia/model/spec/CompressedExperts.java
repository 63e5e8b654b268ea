package glia.model.spec;


/// A mixture of experts in a smaller dimension (latent MoE): `out(Σ_j w_j · expert_j(in(x))) + shared(x)`, where the
/// router and the shared expert read x itself. https://arxiv.org/abs/2401.04088 has the plain form.
///
/// @param size L, the dimension of the experts' inputs and outputs
/// @param bias whether `in` and `out` have biases
public record CompressedExperts(Experts experts, int size, Bias bias) implements Mixer {
    public CompressedExperts {
        if (size < 1) {
            throw new IllegalArgumentException("experts of dimension " + size);
        }
    }

    @Override
    public void parameters(Shapes shapes, int hidden) {
        shapes.linear(Role.EXPERT_INPUT, Role.EXPERT_INPUT_BIAS, bias != Bias.NONE, size, hidden);
        experts.parameters(shapes, hidden, size);
        shapes.linear(Role.EXPERT_OUTPUT, Role.EXPERT_OUTPUT_BIAS, bias != Bias.NONE, hidden, size);
    }

    @Override
    public String describe() {
        return experts.describe() + ", in " + size + " dimensions";
    }
}
