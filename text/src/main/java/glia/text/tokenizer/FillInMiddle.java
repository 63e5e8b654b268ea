package glia.text.tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/// Prompts for the text between a prefix and a suffix (fill in the middle, https://arxiv.org/abs/2207.14255), for
/// models that were trained with special tokens for it.
public final class FillInMiddle {
    /// Why there are no prompts of a tokenizer, for messages.
    public static final String NONE = "this model fills no gaps: its vocabulary has no tokens such as <|fim_prefix|>";

    /// Markers of families, with the places of the texts. A tokenizer has those of the first line whose tokens it has.
    private static final List<String> FORMS = List.of(
            // Qwen Coder, CodeGemma, Granite 4
            "<|fim_prefix|>{prefix}<|fim_suffix|>{suffix}<|fim_middle|>",
            // StarCoder, Granite Code, Stable Code
            "<fim_prefix>{prefix}<fim_suffix>{suffix}<fim_middle>",
            // SantaCoder
            "<fim-prefix>{prefix}<fim-suffix>{suffix}<fim-middle>",
            // Code Llama
            "▁<PRE>{prefix}▁<SUF>{suffix}▁<MID>",
            // DeepSeek Coder
            "<｜fim▁begin｜>{prefix}<｜fim▁hole｜>{suffix}<｜fim▁end｜>",
            // GLM 4
            "<|code_prefix|>{prefix}<|code_suffix|>{suffix}<|code_middle|>",
            // Seed Coder
            "<[fim-suffix]>{suffix}<[fim-prefix]>{prefix}<[fim-middle]>",
            // Codestral: the middle follows the prefix.
            "[SUFFIX]{suffix}[PREFIX]{prefix}");
    private static final Pattern PARTS = Pattern.compile("([^{]*)\\{(prefix|suffix)}([^{]*)");
    /// Tokens that follow a middle besides the end of generation: of a file, a text, or padding.
    private static final List<String> ENDS = List.of("<|endoftext|>", "<|fim_pad|>", "<|file_sep|>", "<|repo_name|>",
            "<fim_pad>", "<file_sep>", "<repo_name>", "<|file_separator|>", "▁<EOT>");
    /// Tokens before the name of a repository and before each of its files.
    private static final List<List<String>> REPOSITORY = List.of(List.of("<|repo_name|>", "<|file_sep|>"),
            List.of("<repo_name>", "<file_sep>"));
    private static final String NAME = "project";
    /// A line feed is a token of its own in vocabularies of SentencePiece.
    private static final String LINE_FEED = "<0x0A>";

    /// Another file of the project, as context.
    public record ContextFile(String name, String text) { }

    private final Tokenizer tokenizer;
    private final String form;

    private FillInMiddle(Tokenizer tokenizer, String form) {
        this.tokenizer = tokenizer;
        this.form = form;
    }

    /// The prompts of a tokenizer; empty if its vocabulary has no tokens for them.
    public static Optional<FillInMiddle> of(Tokenizer tokenizer) {
        return FORMS.stream().filter(form -> markers(form).stream().allMatch(m -> tokenizer.id(m).isPresent()))
                .findFirst().map(form -> new FillInMiddle(tokenizer, form));
    }

    private static List<String> markers(String form) {
        return Arrays.stream(form.split("\\{prefix}|\\{suffix}")).filter(marker -> !marker.isEmpty()).toList();
    }

    /// The tokens of a prompt. Markers in the texts are text.
    public int[] prompt(String prefix, String suffix) {
        return prompt(prefix, suffix, List.of());
    }

    /// The same after other files: as files of a repository if the vocabulary has tokens for that, otherwise as text
    /// before the prefix.
    public int[] prompt(String prefix, String suffix, List<ContextFile> files) {
        IntStream.Builder ids = IntStream.builder();
        if (tokenizer.addsBos()) {
            tokenizer.bos().ifPresent(ids::add);
        }
        Optional<List<String>> repository = REPOSITORY.stream().filter(markers -> !files.isEmpty()
                && markers.stream().allMatch(marker -> tokenizer.id(marker).isPresent())).findFirst();
        repository.ifPresent(markers -> {
            add(markers.getFirst(), ids);
            add(inner(NAME + "\n"), ids);
            for (ContextFile file : files) {
                add(markers.getLast(), ids);
                add(inner(file.name + "\n" + file.text + "\n"), ids);
            }
            add(markers.getLast(), ids);
            add(inner("file\n"), ids);
        });
        StringBuilder first = new StringBuilder();
        for (ContextFile file : repository.isPresent() ? List.<ContextFile>of() : files) {
            first.append(file.text).append('\n');
        }
        first.append(prefix);
        Matcher parts = PARTS.matcher(form);
        while (parts.find()) {
            add(parts.group(1), ids);
            add(parts.group(2).equals("prefix") ? tokenizer.encodePlain(first.toString(), false) : inner(suffix), ids);
            add(parts.group(3), ids);
        }
        return ids.build().toArray();
    }

    private static void add(int[] tokens, IntStream.Builder to) {
        IntStream.of(tokens).forEach(to::add);
    }

    private void add(String marker, IntStream.Builder to) {
        if (!marker.isEmpty()) {
            to.add(tokenizer.id(marker).orElseThrow());
        }
    }

    /// Encodes a text that does not begin one: without the space that SentencePiece puts before it.
    private int[] inner(String text) {
        if (tokenizer.leadingSpaces() > 0) {
            int[] line = tokenizer.encodePlain("\n" + text, false);
            for (int i = 0; i < Math.min(2, line.length); i++) {
                if (tokenizer.piece(line[i]).equals(LINE_FEED)) {
                    return Arrays.copyOfRange(line, i + 1, line.length);
                }
            }
        }
        return tokenizer.encodePlain(text, false);
    }

    /// The tokens that end a middle, besides those that end generation.
    public Set<Integer> ends() {
        List<String> pieces = new ArrayList<>(ENDS);
        pieces.addAll(markers(form));
        Set<Integer> ends = new HashSet<>();
        pieces.stream().map(tokenizer::id).filter(OptionalInt::isPresent).forEach(id -> ends.add(id.getAsInt()));
        return ends;
    }
}
