package glia.text.thinking;

/// What the end of a prompt says about thinking.
public enum PromptState {
    /// The prompt opens the thinking: the model continues it.
    OPEN,
    /// The prompt holds a closed, empty block of thinking: the model answers.
    CLOSED,
    /// The model writes the start marker itself, if it thinks.
    UNDECIDED
}
