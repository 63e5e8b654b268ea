package glia.model.codec;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.file.Folders;
import glia.model.Model;
import glia.model.block.Input;
import glia.model.family.config.Numbers;
import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalInt;

/// Pictures as tokens of a language model's vocabulary, a token for each code
/// ([Chameleon](https://arxiv.org/abs/2405.09818), [Emu3](https://arxiv.org/abs/2409.18869)).
///
/// @param placeholder the token that stands for those of a picture in a prompt
/// @param ids the token of each code
/// @param lineEnd the token after each line of codes
public record PictureTokens(PictureCodec codec, int placeholder, int[] ids, OptionalInt lineEnd) {
    private static final String MAP = "vocabulary_map";
    private static final String CHAMELEON = "IMGIMG";
    private static final String EMU3 = "<|visual token ";
    private static final String LINE_END = "<|extra_200|>";

    /// The tokens of a model's pictures, if it reads them as tokens.
    ///
    /// @throws CheckpointException if the config and the tensors do not describe them
    public static Optional<PictureTokens> of(Model model) throws CheckpointException {
        if (!PictureCodec.describes(model)) {
            return Optional.empty();
        }
        Config config = config(model);
        if (!config.isObject(MAP)) {
            return Optional.empty();
        }
        PictureCodec codec = PictureCodec.of(model);
        Config map = config.child(MAP);
        int[] ids = new int[codec.size()];
        Arrays.fill(ids, -1);
        for (String name : map.keys()) {
            int code = code(name);
            if (code >= ids.length) {
                throw map.error(name, "is the token of code " + code + ", but the codebook has " + ids.length);
            } else if (code >= 0) {
                ids[code] = Numbers.token(map, name, model.spec().vocabSize());
            }
        }
        for (int code = 0; code < ids.length; code++) {
            if (ids[code] < 0) {
                throw config.error(MAP, "has no token for code " + code + " of " + ids.length);
            }
        }
        int placeholder = config.integer("image_token_id", config.integer("image_token_index",
                map.integer("<image>", -1)));
        return Optional.of(new PictureTokens(codec, placeholder, ids,
                map.has(LINE_END)
                ? OptionalInt.of(Numbers.token(map, LINE_END, model.spec().vocabSize())) : OptionalInt.empty()));
    }

    /// Whether a model has a codec and reads pictures as tokens, not by a tower.
    public static boolean describe(Model model) {
        return model.path().isPresent() && PictureCodec.describes(model) && model.spec().towers().isEmpty();
    }

    static Config config(Model model) throws CheckpointException {
        Path path = model.path().orElseThrow();
        return model.config().isPresent() ? model.config().get() : Config.read(Folders.ofModel(path)
                .resolve("config.json"));
    }

    /// The code of a token's name; -1 if it is none. Chameleon writes digits as letters from A on.
    static int code(String name) {
        StringBuilder digits = new StringBuilder();
        if (name.startsWith(CHAMELEON) && name.length() > CHAMELEON.length() + 1) {
            name.substring(CHAMELEON.length(), name.length() - 1).chars().forEach(c ->
                    digits.append((char) (c >= 'A' && c <= 'J' ? c - 'A' + '0' : c)));
        } else if (name.startsWith(EMU3) && name.endsWith("|>")) {
            digits.append(name, EMU3.length(), name.length() - 2);
        }
        return digits.toString().matches("[0-9]{1,9}") ? Integer.parseInt(digits.toString()) : -1;
    }

    /// The tokens of a picture, in the place of its placeholders.
    ///
    /// @param pixels `[channels, height, width]`, normalized as the model wants it
    public Input.Rows rows(Compute ops, Tensor pixels) {
        return Input.Rows.ofTokens(tokens(codec.encode(ops, pixels)));
    }

    /// The tokens of codes, line by line.
    public int[] tokens(PictureCodec.Codes codes) {
        int end = lineEnd.isPresent() ? 1 : 0;
        int[] tokens = new int[codes.height() * (codes.width() + end)];
        int next = 0;
        for (int i = 0; i < codes.codes().length; i++) {
            tokens[next++] = ids[codes.codes()[i]];
            if (end == 1 && i % codes.width() == codes.width() - 1) {
                tokens[next++] = lineEnd.getAsInt();
            }
        }
        return tokens;
    }
}
