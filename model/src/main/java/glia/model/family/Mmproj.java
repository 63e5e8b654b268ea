package glia.model.family;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.gguf.GgufCheckpoint;
import glia.io.gguf.GgufMetadata;
import glia.model.family.hub.SpeechNames;
import glia.model.layout.GgufForm;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.Positions;
import glia.model.spec.Rope;
import glia.model.spec.Sublayer;
import glia.model.spec.Tower;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
import glia.tensor.kernel.RopeTable.Layout;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;

/// The encoder of pictures of a GGUF model, in the `mmproj` file that llama.cpp's `mtmd` reads: the names of its
/// tensors, and its metadata `clip.*` as keys of config.json.
///
/// Source: https://github.com/ggml-org/llama.cpp/tree/master/tools/mtmd
///
/// @param kind the projector
/// @param isSwapped whether the matrices of MLPs have each other's names, as in old files
public record Mmproj(MmprojKind kind, boolean isSwapped) {
    /// The tensor of patches; of two frames there is a second one.
    public static final String PATCHES = "v.patch_embd.weight";
    /// The patches of the second frame.
    public static final String LATER_PATCHES = PATCHES + ".1";
    /// The weight of a norm that files store with its offset of 1.
    public static final String SOFT_NORM = "mm.soft_emb_norm.weight";
    private static final String UP = "v.blk.0.ffn_up.weight";
    private static final List<List<String>> CLIPPED = List.of(List.of("attn_q", "attn_k", "attn_v", "attn_out"),
            List.of("ffn_gate", "ffn_up", "ffn_down"));

    /// The encoder of a file.
    ///
    /// @throws CheckpointException if it is of no known kind
    public static Mmproj of(GgufCheckpoint.Projector file) throws CheckpointException {
        Tensor up = file.tensors().get(UP);
        long width = file.metadata().has(MmprojKind.WIDTH) ? file.metadata().integer(MmprojKind.WIDTH) : 0;
        return new Mmproj(MmprojKind.of(file), up != null && up.rank() == 2 && up.rows() == width
                && up.cols() != width);
    }

    /// A model with its encoder of pictures.
    public record Encoded(Mmproj encoder, Config config, ModelSpec spec) { }

    /// Adds the encoder's tensors to those of a file that has one; empty if it has none, or if the `mmproj` file beside
    /// it is that of another model.
    ///
    /// @param described the config of the language model
    /// @throws CheckpointException if the file that the user named does not suit the model
    public static Optional<Encoded> joined(GgufCheckpoint file, Map<String, Object> described, ModelSpec text,
            Arena arena) throws CheckpointException {
        if (file.projector().isEmpty()) {
            return Optional.empty();
        }
        GgufCheckpoint.Projector projector = file.projector().get();
        Encoded encoded;
        try {
            Mmproj encoder = of(projector);
            Config config = encoder.config(projector, file.metadata(), described);
            encoded = new Encoded(encoder, config, encoder.spec(config, text));
        } catch (CheckpointException e) {
            if (projector.isNamed()) {
                throw e;
            }
            return Optional.empty();
        }
        file.join(encoded.encoder.tensors(projector, arena));
        return Optional.of(encoded);
    }

    /// The encoder as a model with this tower has it.
    public static Optional<Mmproj> of(Tower tower) {
        return MmprojKind.of(tower).map(kind -> new Mmproj(kind, false));
    }

    /// The config of the whole model.
    ///
    /// @param model the metadata of the language model
    /// @param text the config of the language model
    public Config config(GgufCheckpoint.Projector file, GgufMetadata model, Map<String, Object> text)
            throws CheckpointException {
        return kind.config(file, model, text);
    }

    /// The spec with the encoder, as files store it.
    ///
    /// @param config that of [#config]
    public ModelSpec spec(Config config, ModelSpec text) throws CheckpointException {
        return stored(kind.tower.spec(config, text));
    }

    /// The spec of the stored values: the pairs of rotary embedding are neighbors, the weight of a norm includes 1.
    public ModelSpec stored(ModelSpec spec) {
        return switch (kind) {
            case PIXTRAL -> rotated(spec, r -> new Rope.Axial(r.rotary().with(Layout.INTERLEAVED), r.axes(),
                    r.frequencies()));
            case KIMI -> rotated(spec, r -> Rope.Axial.grid(r.rotary(), 2, 1));
            case GEMMA3 -> mapped(spec, s -> s, step -> step instanceof Tower.Step.Normed(Norm.Rms rms)
                    ? new Tower.Step.Normed(new Norm.Rms(rms.eps(), 0)) : step);
            default -> spec;
        };
    }

    private static ModelSpec rotated(ModelSpec spec, UnaryOperator<Rope.Axial> change) {
        return mapped(spec, s -> s.mixer() instanceof Attention a && a.rope() instanceof Rope.Axial r
                ? s.withMixer(a.with(change.apply(r))) : s, step -> step);
    }

    private static ModelSpec mapped(ModelSpec spec, UnaryOperator<Sublayer> layers, UnaryOperator<Tower.Step> steps) {
        Tower tower = spec.towers().getFirst();
        ModelSpec body = tower.body();
        return spec.withTowers(List.of(new Tower(TowerFamily.body(body.modelType(), body.vocabSize(),
                body.hiddenSize(), body.embedding(), body.sublayers().stream().map(layers).toList(),
                body.finalNorm()), tower.projector().stream().map(steps).toList(), tower.placeholder(), tower.side(),
                tower.axes(), tower.sight(), tower.films(), tower.taps(), tower.chunks())));
    }

    /// Tensors as parameters need them: the patches of two frames in one, those of Gemma 4 with the channels of pixel
    /// after pixel.
    public Map<String, Tensor> tensors(GgufCheckpoint.Projector file, Arena arena) throws CheckpointException {
        Map<String, Tensor> all = new LinkedHashMap<>(file.tensors());
        Tensor later = all.remove(LATER_PATCHES);
        if (later != null && all.containsKey(PATCHES)) {
            Tensor first = all.get(PATCHES);
            if (first.dtype() != later.dtype() || !Arrays.equals(first.shape(), later.shape())
                    || first.rank() != 4) {
                throw new CheckpointException(file.metadata().origin(), LATER_PATCHES, "found " + later + ", expected "
                        + "the shape and the type of " + first);
            }
            all.put(PATCHES, joined(first, later, arena));
        }
        if (kind == MmprojKind.GEMMA4 && all.containsKey(PATCHES)) {
            Tensor patches = all.get(PATCHES);
            if (patches.rank() != 4 || patches.dtype().isBlock()) {
                throw new CheckpointException(file.metadata().origin(), PATCHES, "found " + patches
                        + ", expected [hidden, channels, side, side] of F32, F16 or BF16");
            }
            all.put(PATCHES, interleaved(patches, arena));
        }
        return all;
    }

    /// `[hidden, channels, side, side]` twice to `[hidden, channels, 2, side, side]`.
    private static Tensor joined(Tensor first, Tensor later, Arena arena) {
        long[] shape = first.shape();
        Tensor whole = Tensor.allocate(arena, first.dtype(), shape[0], shape[1], 2, shape[2], shape[3]);
        long plane = first.sizeBytes() / (shape[0] * shape[1]);
        for (long i = 0; i < shape[0] * shape[1]; i++) {
            MemorySegment.copy(first.memory(), i * plane, whole.memory(), 2 * i * plane, plane);
            MemorySegment.copy(later.memory(), i * plane, whole.memory(), (2 * i + 1) * plane, plane);
        }
        return whole;
    }

    /// `[hidden, channels, side, side]` to `[hidden, side · side · channels]`.
    private static Tensor interleaved(Tensor planes, Arena arena) {
        long[] shape = planes.shape();
        return exchanged(planes, shape[1], shape[2] * shape[3], arena, shape[0], planes.size() / shape[0]);
    }

    /// The inverse.
    ///
    /// @param side of a patch of 3 channels
    public static Tensor planes(Tensor interleaved, int side, Arena arena) {
        return exchanged(interleaved, (long) side * side, 3, arena, interleaved.shape()[0], 3, side, side);
    }

    /// Each row, `[first, second]`, as `[second, first]`.
    private static Tensor exchanged(Tensor from, long first, long second, Arena arena, long... shape) {
        Tensor to = Tensor.allocate(arena, from.dtype(), shape);
        long size = from.sizeBytes() / from.size();
        for (long i = 0; i < from.size(); i++) {
            long column = i % (first * second);
            MemorySegment.copy(from.memory(), i * size, to.memory(),
                    (i - column + column % second * first + column / second) * size, size);
        }
        return to;
    }

    /// Half of the patches of two frames.
    ///
    /// @param frame 0 or 1
    public static Tensor patches(Tensor whole, int frame, Arena arena) {
        long[] shape = whole.shape();
        Tensor part = Tensor.allocate(arena, whole.dtype(), shape[0], shape[1], shape[3], shape[4]);
        long plane = part.sizeBytes() / (shape[0] * shape[1]);
        for (long i = 0; i < shape[0] * shape[1]; i++) {
            MemorySegment.copy(whole.memory(), (2 * i + frame) * plane, part.memory(), i * plane, plane);
        }
        return part;
    }

    /// The weight of a norm with its offset.
    public static Tensor shifted(Tensor weight, float by, Arena arena) {
        Tensor wide = Decode.widen(weight, arena);
        Tensor sum = Tensor.allocate(arena, DType.F32, wide.shape());
        for (long i = 0; i < wide.size(); i++) {
            sum.set(i, wide.get(i) + by);
        }
        return sum;
    }

    /// The source of a parameter of the encoder.
    ///
    /// @param p of the whole model
    public Source source(ModelSpec spec, Parameter p) {
        Tower tower = spec.towers().get(spec.towerOf(p.place()));
        Parameter inner = spec.inTower(p);
        return TowerFamily.isOfProjector(inner) ? kind.projector(tower, inner) : body(tower, inner);
    }

    private Source body(Tower tower, Parameter p) {
        long hidden = tower.body().hiddenSize();
        boolean isMlp = p.sublayer() % 2 == 1;
        String suffix = TowerFamily.suffix(p);
        String layer = "v.blk." + p.sublayer() / 2 + ".";
        return switch (p.role()) {
            case EMBEDDING -> TowerFamily.shaped(stored("v.class_embd"), List.of(1L, hidden), hidden);
            case FEATURES -> tower.features().isInterleaved() ? stored(PATCHES)
                    : TowerFamily.patches(stored(PATCHES), tower, tower.features().frames() > 1);
            case FEATURES_BIAS -> stored("v.patch_embd.bias");
            case FEATURES_AFTER_WEIGHT -> stored("v.norm_embd.weight");
            case POSITIONS -> positions(tower, stored("v.position_embd.weight"));
            case CLIP -> stored(layer + CLIPPED.get(p.sublayer() % 2).get(p.expert() / 4)
                    + SpeechNames.CLAMPS.get(p.expert() % 4));
            case EMBEDDING_NORM_WEIGHT, EMBEDDING_NORM_BIAS -> stored("v.pre_ln" + suffix);
            case FINAL_WEIGHT, FINAL_BIAS -> stored("v.post_ln" + suffix);
            case BEFORE_WEIGHT, BEFORE_BIAS -> stored(layer + (isMlp ? "ln2" : "ln1") + suffix);
            case AFTER_WEIGHT -> stored(layer + (kind == MmprojKind.GEMMA4 ? isMlp ? "ffn_post_norm" : "attn_post_norm"
                    : isMlp ? "ls2" : "ls1") + suffix);
            case QUERY, QUERY_BIAS -> part(layer, "attn_q", 0, hidden, suffix);
            case KEY, KEY_BIAS -> part(layer, "attn_k", 1, hidden, suffix);
            case VALUE, VALUE_BIAS -> part(layer, "attn_v", 2, hidden, suffix);
            case OUTPUT, OUTPUT_BIAS -> stored(layer + "attn_out" + suffix);
            case QUERY_NORM -> stored(layer + "attn_q_norm.weight");
            case KEY_NORM -> stored(layer + "attn_k_norm.weight");
            case GATE, GATE_BIAS -> stored(layer + "ffn_gate" + suffix);
            case UP, UP_BIAS -> stored(layer + (isSwapped ? "ffn_down" : "ffn_up") + suffix);
            case DOWN, DOWN_BIAS -> stored(layer + (isSwapped ? "ffn_up" : "ffn_down") + suffix);
            default -> throw TowerFamily.unknown(p.role());
        };
    }

    /// Tables of columns and of rows are stored `[2, count, hidden]`, Kimi's `[height, width, hidden]`.
    private Source positions(Tower tower, Source.Stored stored) {
        if (kind == MmprojKind.KIMI && tower.body().embedding().positions() instanceof Positions.Grid grid) {
            return TowerFamily.shaped(stored, List.of((long) grid.count(), (long) tower.body().hiddenSize()),
                    (long) grid.height(), (long) grid.width(), (long) tower.body().hiddenSize());
        }
        return tower.body().embedding().positions() instanceof Positions.Axes axes
                ? TowerFamily.shaped(stored, List.of(2L * axes.count(), (long) tower.body().hiddenSize()), 2L,
                        (long) axes.count(), (long) tower.body().hiddenSize()) : stored;
    }

    /// Queries, keys or values. Some files have them in one tensor, as llama.cpp's
    /// converter writes those of Qwen3-VL, GLM-4.1V and Kimi K2.5.
    private Source part(String layer, String name, int number, long hidden, String suffix) {
        Source own = stored(layer + name + suffix);
        Source fused = new Source.Rows(stored(layer + "attn_qkv" + suffix), (int) (number * hidden), (int) hidden,
                (int) (3 * hidden));
        boolean isFused = kind == MmprojKind.QWEN3 || kind == MmprojKind.GLM4V || kind == MmprojKind.KIMI;
        return isFused ? new Source.Either(fused, own) : new Source.Either(own, fused);
    }

    static Source.Stored stored(String name) {
        return new Source.Stored(name);
    }

    /// The form of a model with its encoder.
    public GgufForm joined(GgufForm text) {
        return new Joined(this, text);
    }

    /// A language model's form with the tensors of its encoder.
    private record Joined(Mmproj encoder, GgufForm text) implements GgufForm {
        @Override
        public String architecture() {
            return text.architecture();
        }

        @Override
        public Map<String, Object> config(GgufMetadata metadata, Checkpoint file) throws CheckpointException {
            return text.config(metadata, file);
        }

        @Override
        public ModelSpec stored(ModelSpec spec, Checkpoint file) throws CheckpointException {
            return text.stored(spec, file);
        }

        @Override
        public Source source(ModelSpec spec, Parameter p) {
            return spec.towerOf(p.place()) >= 0 ? encoder.source(spec, p) : text.source(spec, p);
        }

        /// Of the encoder some files have more layers than are used.
        @Override
        public boolean ignores(ModelSpec spec, String name) {
            return name.startsWith("v.") || name.startsWith("mm.") || name.startsWith("a.")
                    || text.ignores(spec, name);
        }
    }
}
