package glia.train.tokenizer;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// The special tokens of a trained tokenizer. They have the first ids of the vocabulary, and untrusted text never
/// becomes one of them.
///
/// @param byRole tokens by role, as in `tokenizer_config.json`: `bos_token` begins each text, `eos_token` ends each
///     document, `pad_token`, `unk_token`
/// @param others further ones, such as the markers of a chat template
/// @param visible added tokens that decoded text shows, such as `<think>`; not special to Hugging Face's libraries
public record SpecialTokens(Map<String, String> byRole, List<String> others, List<String> visible) {
    /// The role of the token that begins a text.
    public static final String BOS = "bos_token";
    /// The role of the token that ends a document.
    public static final String EOS = "eos_token";
    /// The role of the token that fills up sequences.
    public static final String PAD = "pad_token";
    /// The role of the token for what the vocabulary does not have.
    public static final String UNKNOWN = "unk_token";
    /// No special tokens.
    public static final SpecialTokens NONE = new SpecialTokens(Map.of(), List.of(), List.of());
    private static final Set<String> ROLES = Set.of(BOS, EOS, PAD, UNKNOWN);

    /// Checks the tokens.
    ///
    /// @throws IllegalArgumentException if a role is unknown, or a token is a single character or blank
    public SpecialTokens {
        byRole = new LinkedHashMap<>(byRole);
        others = List.copyOf(others);
        visible = List.copyOf(visible);
        for (String role : byRole.keySet()) {
            if (!ROLES.contains(role)) {
                throw new IllegalArgumentException("found the role \"" + role + "\" of a special token, expected "
                        + "bos_token, eos_token, pad_token or unk_token");
            }
        }
        List<String> tokens = new ArrayList<>(byRole.values());
        tokens.addAll(others);
        tokens.addAll(visible);
        for (String token : tokens) {
            if (token.isBlank() || token.codePointCount(0, token.length()) < 2) {
                throw new IllegalArgumentException("found the special token \"" + token + "\", expected one of two "
                        + "characters or more that texts do not have, such as <|endoftext|>");
            }
        }
    }

    /// Tokens of which decoded text shows none.
    public SpecialTokens(Map<String, String> byRole, List<String> others) {
        this(byRole, others, List.of());
    }

    /// Tokens without a role.
    public static SpecialTokens of(String... others) {
        return new SpecialTokens(Map.of(), List.of(others));
    }

    /// The same with other tokens that decoded text shows.
    public SpecialTokens withVisible(List<String> tokens) {
        return new SpecialTokens(byRole, others, tokens);
    }

    /// The same with a token for a role. Several roles may share a token.
    public SpecialTokens with(String role, String token) {
        Map<String, String> more = new LinkedHashMap<>(byRole);
        more.put(role, token);
        return new SpecialTokens(more, others, visible);
    }

    /// All of them, each once, in the order of their ids.
    public List<String> all() {
        Set<String> all = new LinkedHashSet<>(byRole.values());
        all.addAll(others);
        all.addAll(visible);
        return List.copyOf(all);
    }
}
