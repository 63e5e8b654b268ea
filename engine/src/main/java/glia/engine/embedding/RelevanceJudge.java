package glia.engine.embedding;

import glia.engine.HiddenStates;
import glia.engine.LanguageModel;
import glia.jinja.value.TextBuilder;
import glia.jinja.value.TrustedText;
import glia.model.block.Pass;
import glia.model.block.States;
import glia.tensor.Tensor;
import glia.text.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/// A language model as a reranker: the probability of "yes" against "no" as the answer to whether a document fits a
/// query, in the words of the [Qwen3 rerankers](https://arxiv.org/abs/2506.05176). For any threads.
public final class RelevanceJudge {
    private static final String SYSTEM = "Judge whether the Document meets the requirements based on the Query and the "
            + "Instruct provided. Note that the answer can only be \"yes\" or \"no\".";
    private static final String INSTRUCTION = "Given a web search query, retrieve relevant passages that answer the "
            + "query";

    private final LanguageModel model;
    private final int yes;
    private final int no;

    private RelevanceJudge(LanguageModel model, int yes, int no) {
        this.model = model;
        this.yes = yes;
        this.no = no;
    }

    /// The judge of a model; empty if it does not continue texts, has an adapter of requests, or its tokenizer
    /// divides the answers.
    public static Optional<RelevanceJudge> of(LanguageModel model) {
        boolean continues = model.adapter() == 0 && !model.model().spec().looksAhead()
                && model.model().spec().encoder().isEmpty()
                && model.model().spec().head().predictsTokens();
        int[] yes = continues ? model.tokenizer().encodePlain("yes", false) : new int[0];
        int[] no = continues ? model.tokenizer().encodePlain("no", false) : new int[0];
        return yes.length == 1 && no.length == 1 ? Optional.of(new RelevanceJudge(model, yes[0], no[0]))
                : Optional.empty();
    }

    /// The tokens of the question. A document that is too long loses its last tokens.
    public int[] question(String query, String document) {
        Tokenizer tokenizer = model.tokenizer();
        boolean isChat = tokenizer.id("<|im_start|>").isPresent() && tokenizer.id("<|im_end|>").isPresent();
        String thought = tokenizer.id("<think>").isPresent() ? "<think>\n\n</think>\n\n" : "";
        int[] before = tokenizer.encode(TrustedText.of(isChat
                ? "<|im_start|>system\n" + SYSTEM + "<|im_end|>\n<|im_start|>user\n" : SYSTEM + "\n"), !isChat);
        int[] after = tokenizer.encode(TrustedText.of(isChat
                ? "<|im_end|>\n<|im_start|>assistant\n" + thought : "\nAnswer:"), false);
        int[] body = tokenizer.encode(new TextBuilder().append("<Instruct>: " + INSTRUCTION + "\n<Query>: " + query
                + "\n<Document>: " + tokenizer.beginning(document, model.contextLength())).whole(), false);
        int length = Math.clamp(model.contextLength() - before.length - after.length, 0, body.length);
        int[] ids = Arrays.copyOf(before, before.length + length + after.length);
        System.arraycopy(body, 0, ids, before.length, length);
        System.arraycopy(after, 0, ids, before.length + length, after.length);
        return ids;
    }

    /// The probability of "yes" for a question.
    ///
    /// @param key whose text it is: callers take turns by key
    /// @param goesOn called between passes: false ends the work
    /// @return not a number if the work was ended
    public double probability(int[] question, String key, BooleanSupplier goesOn) {
        double[] result = {Double.NaN};
        new HiddenStates(model).read(List.of(question), true, key, goesOn, (hidden, row, _, _) -> {
            Tensor logits = model.engine().decoder().logits(model.engine().ops(), hidden.rows(row, row + 1),
                    new Pass(), States.NONE);
            result[0] = 1 / (1 + Math.exp((double) logits.get(no) - logits.get(yes)));
        });
        return result[0];
    }
}
