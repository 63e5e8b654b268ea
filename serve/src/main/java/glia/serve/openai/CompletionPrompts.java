package glia.serve.openai;

import glia.engine.LanguageModel;
import glia.engine.call.HeavyWork;
import glia.engine.call.RenderedPrompt;
import glia.serve.request.Fields;
import glia.serve.request.ServeException;
import glia.text.tokenizer.FillInMiddle;
import glia.text.tokenizer.FillInMiddle.ContextFile;
import glia.text.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.List;

/// The prompts of a completion: a string, strings, token ids, or lists of token ids.
///
/// @param texts what is echoed
/// @param ids the tokens
record CompletionPrompts(List<String> texts, List<int[]> ids) {
    private static final String EXPECTED = "a string, strings, token ids, or lists of token ids";

    /// @param most the most prompts
    /// @param addSpecial whether strings get the tokenizer's special tokens, such as BOS
    static CompletionPrompts read(Fields body, String key, LanguageModel model, int most, boolean addSpecial) {
        Object value = body.value(key);
        CompletionPrompts prompts = new CompletionPrompts(new ArrayList<>(), new ArrayList<>());
        if (value instanceof String text) {
            prompts.add(text, model, addSpecial);
        } else if (value instanceof List<?> list && !list.isEmpty()) {
            if (list.getFirst() instanceof Number) {
                prompts.add(body.name(key), list, model.tokenizer());
            } else {
                if (list.size() > most) {
                    throw ServeException.badField(body.name(key), "found " + list.size() + " prompts, expected at "
                            + "most " + most + "; send them in several requests");
                }
                for (int i = 0; i < list.size(); i++) {
                    prompts.add(body.name(key) + "[" + i + "]", list.get(i), model, addSpecial);
                }
            }
        } else {
            throw value == null ? ServeException.badField(body.name(key), "missing; expected " + EXPECTED)
                    : Fields.wrong(body.name(key), value, EXPECTED);
        }
        return prompts;
    }

    /// The prompt for the text between two others.
    ///
    /// @param files other files of the project
    static CompletionPrompts between(FillInMiddle form, String prefix, String suffix, List<ContextFile> files) {
        long size = prefix.length() + suffix.length() + files.stream().mapToLong(file -> file.text().length()).sum();
        return new CompletionPrompts(List.of(prefix), List.of(HeavyWork.run(size,
                () -> form.prompt(prefix, suffix, files))));
    }

    private void add(String name, Object value, LanguageModel model, boolean addSpecial) {
        switch (value) {
            case String text -> add(text, model, addSpecial);
            case List<?> list -> add(name, list, model.tokenizer());
            case null, default -> throw Fields.wrong(name, value, "a string or token ids");
        }
    }

    private void add(String text, LanguageModel model, boolean addSpecial) {
        texts.add(text);
        ids.add(HeavyWork.run(text.length(), () -> {
            RenderedPrompt.requireRoom(model, text);
            return model.tokenizer().encode(text, addSpecial);
        }));
    }

    private void add(String name, List<?> list, Tokenizer tokenizer) {
        int[] tokens = tokens(name, list, tokenizer.vocabSize());
        ids.add(tokens);
        texts.add(tokenizer.decode(tokens, true));
    }

    /// The ids in a JSON array.
    ///
    /// @throws ServeException if there are none, or one is no token
    static int[] tokens(String name, List<?> list, int vocabSize) {
        if (list.isEmpty()) {
            throw ServeException.badField(name, "found no tokens, expected at least one");
        }
        int[] ids = new int[list.size()];
        for (int i = 0; i < ids.length; i++) {
            if (!(list.get(i) instanceof Integer id) || id < 0 || id >= vocabSize) {
                throw Fields.wrong(name + "[" + i + "]", list.get(i), "a token id from 0 to " + (vocabSize - 1));
            }
            ids[i] = id;
        }
        return ids;
    }
}
