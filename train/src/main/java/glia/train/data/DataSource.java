package glia.train.data;

/// Training data that was read.
public sealed interface DataSource
        permits TextData, ChatData, PreferenceData, UnpairedData, StepwiseData, LabelData, EmbeddingData {
    /// The number of documents, chats or other examples.
    long numExamples();

    /// The number of tokens of all examples.
    long numTokens();
}
