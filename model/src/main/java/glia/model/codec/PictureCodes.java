package glia.model.codec;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.Model;
import glia.model.block.Input;
import glia.model.family.config.Activations;
import glia.model.spec.Head;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Weight;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/// How a model generates pictures code after code: the logits of codes, and the input that a code is. Its codes are
/// tokens of the vocabulary, or have embeddings and a head of their own
/// ([Janus](https://arxiv.org/abs/2410.13848)).
public sealed interface PictureCodes {
    /// The codec, which makes pixels of codes.
    PictureCodec codec();

    /// The logits `[N, codes]` of hidden states `[N, D]`.
    Tensor logits(Compute ops, Tensor hidden);

    /// A code as the next input.
    Input next(Compute ops, int code);

    /// The token after each line of codes.
    OptionalInt lineEnd();

    /// The padding token, in place of a text that is not seen.
    int padding();

    /// Lines and columns of a picture where the model makes one size; empty where it makes any.
    Optional<int[]> grid();

    /// How a model generates pictures, if it does.
    ///
    /// @throws CheckpointException if its tensors or config do not describe it
    static Optional<PictureCodes> of(Model model) throws CheckpointException {
        if (!PictureCodec.describes(model)) {
            return Optional.empty();
        }
        Config config = PictureTokens.config(model);
        Config own = config.child("vq_config", Map.of());
        String head = Layered.PREFIX + "generation_head.vision_head.weight";
        if (model.tensors().names().contains(head)) {
            PictureCodec codec = PictureCodec.of(model);
            int side = own.positive("num_patches", 32);
            return Optional.of(new Layered(codec, new CodecLayers(model.path().orElseThrow(), model.tensors(),
                    Layered.PREFIX), Activations.read(own, "hidden_act", "gelu"), side,
                    config.integer("image_token_id", config.integer("image_token_index", 0)), padding(config)));
        }
        Optional<PictureTokens> tokens = PictureTokens.of(model);
        if (tokens.isEmpty()) {
            return Optional.empty();
        }
        int side = own.positive("resolution", 512) / tokens.get().codec().factor();
        Parameter matrix = Parameter.of(model.spec().head().matrix() == Head.Matrix.TIED ? Role.EMBEDDING : Role.HEAD);
        return Optional.of(new OfVocabulary(tokens.get(), model.weights().get(matrix), padding(config),
                tokens.get().lineEnd().isPresent() ? Optional.empty() : Optional.of(new int[] {side, side})));
    }

    private static int padding(Config config) throws CheckpointException {
        Config text = config.child("text_config", Map.of());
        String key = "pad_token_id";
        return Math.max(0, text.has(key) ? text.integer(key) : config.has(key) ? config.integer(key) : 0);
    }

    /// Codes that are tokens.
    ///
    /// @param head the matrix of the logits of all tokens
    record OfVocabulary(PictureTokens tokens, Weight head, int padding, Optional<int[]> grid) implements PictureCodes {
        @Override
        public PictureCodec codec() {
            return tokens.codec();
        }

        @Override
        public Tensor logits(Compute ops, Tensor hidden) {
            Tensor all = ops.linear(hidden, head);
            Tensor logits = ops.allocate(hidden.rows(), tokens.ids().length);
            for (long i = 0; i < logits.size(); i++) {
                logits.set(i, all.get(i / logits.cols() * all.cols() + tokens.ids()[(int) (i % logits.cols())]));
            }
            return logits;
        }

        @Override
        public Input next(Compute ops, int code) {
            return Input.of(tokens.ids()[code]);
        }

        @Override
        public OptionalInt lineEnd() {
            return tokens.lineEnd();
        }
    }

    /// Codes with embeddings of their own, through an MLP, and a head of two layers.
    final class Layered implements PictureCodes {
        static final String PREFIX = "model.";
        private static final String ALIGNER = "generation_aligner.";

        private final PictureCodec codec;
        private final Tensor embeddings;
        private final List<Weight> aligner = new ArrayList<>();
        private final List<Weight> head = new ArrayList<>();
        private final Activation activation;
        private final int side;
        private final int placeholder;
        private final int padding;

        Layered(PictureCodec codec, CodecLayers tensors, Activation activation, int side, int placeholder,
                int padding) throws CheckpointException {
            this.codec = codec;
            this.activation = activation;
            this.side = side;
            this.placeholder = placeholder;
            this.padding = padding;
            embeddings = tensors.tensor("generation_embeddings.weight");
            add(tensors, ALIGNER + "fc1", aligner);
            for (int i = 0; i < tensors.count(ALIGNER + "hidden_layers.%d.weight"); i++) {
                add(tensors, ALIGNER + "hidden_layers." + i, aligner);
            }
            add(tensors, "generation_head.proj_out", head);
            add(tensors, "generation_head.vision_head", head);
        }

        private static void add(CodecLayers tensors, String name, List<Weight> to) throws CheckpointException {
            to.add(new Weight.Stored(tensors.tensor(name + ".weight")));
            to.add(new Weight.Stored(tensors.tensor(name + ".bias")));
        }

        @Override
        public PictureCodec codec() {
            return codec;
        }

        private Tensor mlp(Compute ops, Tensor x, List<Weight> layers) {
            Tensor y = x;
            for (int i = 0; i < layers.size(); i += 2) {
                y = ops.addBias(ops.linear(i == 0 ? y : ops.activate(y, activation), layers.get(i)),
                        layers.get(i + 1));
            }
            return y;
        }

        @Override
        public Tensor logits(Compute ops, Tensor hidden) {
            return mlp(ops, hidden, head);
        }

        @Override
        public Input next(Compute ops, int code) {
            Tensor made = mlp(ops, embeddings.rows(code, code + 1), aligner);
            Tensor row = Tensor.allocate(Arena.ofAuto(), DType.F32, 1, made.cols());
            row.copyFrom(made);
            return new Input(new int[] {placeholder}, List.of(new Input.Embedded(0, Input.Rows.of(row))));
        }

        @Override
        public OptionalInt lineEnd() {
            return OptionalInt.empty();
        }

        @Override
        public int padding() {
            return padding;
        }

        @Override
        public Optional<int[]> grid() {
            return Optional.of(new int[] {side, side});
        }
    }
}
