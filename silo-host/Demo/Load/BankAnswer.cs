namespace Checkpointing.SiloHost.Demo.Load;

/// <summary>What a client gets: an answer, or an error that passes, after which it may repeat its request.</summary>
/// <param name="Value">The answer; null with an error.</param>
/// <param name="Error">The code of the error; null with an answer.</param>
internal readonly record struct BankAnswer<T>(T? Value, string? Error);

/// <summary>The bank gave an answer that no client should get: not the one that was asked for, and no error that passes.</summary>
internal sealed class UnexpectedAnswerException(string message, Exception? innerException = null) : Exception(message, innerException);
