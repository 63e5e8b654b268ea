package glia.model.spec;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/// Parallel mixers of the same input: `Σ_i outputScale_i · after_i(mixer_i(before_i(inputScale_i · x)))`. Branch i has
/// the place `(sublayer, i + 1)`.
public record Parallel(List<Branch> branches) implements Mixer {
    /// One of the mixers; it cannot be `Parallel`.
    public record Branch(float inputScale, Norm before, Mixer mixer, Norm after, float outputScale) {
        /// A branch without norms and factors.
        public Branch(Mixer mixer) {
            this(1, new Norm.None(), mixer, new Norm.None(), 1);
        }

        public Branch {
            NumberRange.FACTOR.require("input factor of a branch", inputScale);
            NumberRange.FACTOR.require("output factor of a branch", outputScale);
            if (mixer instanceof Parallel) {
                throw new IllegalArgumentException("a branch of parallel mixers is parallel itself");
            }
        }
    }

    public Parallel {
        branches = List.copyOf(branches);
        if (branches.isEmpty()) {
            throw new IllegalArgumentException("parallel mixers without any");
        }
    }

    @Override
    public void parameters(Shapes shapes, int hidden) {
        int sublayer = shapes.place().sublayer();
        for (int i = 0; i < branches.size(); i++) {
            Branch branch = branches.get(i);
            Place place = new Place(sublayer, i + 1);
            shapes.at(place).norm(branch.before(), Role.BEFORE_WEIGHT, Role.BEFORE_BIAS, hidden);
            branch.mixer().parameters(shapes, hidden);
            shapes.at(place).norm(branch.after(), Role.AFTER_WEIGHT, Role.AFTER_BIAS, hidden);
        }
    }

    /// None; the branches have their own.
    @Override
    public String describe() {
        return branches.stream().map(b -> b.mixer().describe()).collect(Collectors.joining(" in parallel with "));
    }

    /// A copy with other mixers.
    public Parallel map(UnaryOperator<Mixer> change) {
        return new Parallel(branches.stream().map(b -> new Branch(b.inputScale(), b.before(), change.apply(b.mixer()),
                b.after(), b.outputScale())).toList());
    }

    Parallel mapNorms(UnaryOperator<Norm> change) {
        return new Parallel(branches.stream().map(b -> new Branch(b.inputScale(), change.apply(b.before()), b.mixer(),
                change.apply(b.after()), b.outputScale())).toList());
    }

    /// A branch, from 1 on, with its norms and factors.
    ///
    /// @throws IllegalArgumentException if the mixer has no branches
    public static Branch branch(Mixer mixer, int number) {
        return switch (mixer) {
            case Parallel p -> p.branches.get(number - 1);
            case Injected i when number == 1 -> new Branch(i.source());
            case Injected i -> new Branch(1, i.norm(), i.mixer(), new Norm.None(), 1);
            case BytePatches b -> new Branch(b.branches().get(number - 1));
            default -> throw new IllegalArgumentException("no branches in " + mixer.describe());
        };
    }

    /// The mixers of a sublayer: the mixer itself, then its branches if it is parallel, or the parts of an injection.
    public static List<Mixer> all(Mixer mixer) {
        List<Mixer> all = new ArrayList<>(List.of(mixer));
        if (mixer instanceof Parallel p) {
            p.branches().forEach(b -> all.add(b.mixer()));
        }
        if (mixer instanceof Injected i) {
            all.add(i.source());
            all.add(i.mixer());
        }
        if (mixer instanceof BytePatches b) {
            all.addAll(b.branches());
        }
        return all;
    }
}
