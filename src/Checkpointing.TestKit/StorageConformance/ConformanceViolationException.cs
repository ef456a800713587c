namespace Checkpointing.TestKit;

/// <summary>A storage provider broke a rule of <see cref="GrainStorageConformance"/>.</summary>
public sealed class ConformanceViolationException : Exception
{
    /// <summary>Creates an exception without data.</summary>
    public ConformanceViolationException()
    {
    }

    /// <summary>Creates an exception with a message only.</summary>
    /// <param name="message">What was expected and what happened.</param>
    public ConformanceViolationException(string message)
        : base(message)
    {
    }

    /// <summary>Creates an exception with a message and its cause.</summary>
    /// <param name="message">What was expected and what happened.</param>
    /// <param name="innerException">The cause.</param>
    public ConformanceViolationException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    internal ConformanceViolationException(string rule, string requirement, string observation, Exception? cause)
        : base($"Conformance rule {rule} is broken. The rule: {requirement} What happened: {observation}", cause)
    {
        Rule = rule;
        Observation = observation;
    }

    /// <summary>The name of the broken rule, as in <see cref="GrainStorageConformanceRule.Name"/>.</summary>
    public string Rule { get; } = "";

    /// <summary>What the storage did.</summary>
    public string Observation { get; } = "";
}
