/** The body fields that the server reads. The keys are the server's names of the types. The server silently ignores all other fields. */
export const bodyFields: Readonly<Record<string, readonly string[]>> = {
  AgentStartRequest:
    'agentConfig context framework idempotencyKey media model name prompt rawConfig runId sessionId skillRef staticPlan timeoutSeconds version'.split(
      ' ',
    ),
  CreateTrackingWorkflowRequest: 'input parentWorkflowId parentWorkflowTaskId workflowName'.split(' '),
  EventHandler: 'actions active condition evaluatorType event name'.split(' '),
  InjectTaskRequest: 'inputData referenceTaskName status subWorkflowParam taskDefName type'.split(' '),
  InspectPlanRequest: 'agentConfig plan'.split(' '),
  RerunWorkflowRequest: 'correlationId reRunFromTaskId reRunFromWorkflowId taskInput workflowInput'.split(' '),
  StartWorkflowRequest:
    'correlationId createdBy externalInputPayloadStoragePath idempotencyKey idempotencyStrategy input name priority taskToDomain version workflowDef'.split(
      ' ',
    ),
  TaskDef:
    'backoffJitterMs backoffScaleFactor baseType concurrentExecLimit createTime createdBy description enforceSchema executionNameSpace inputKeys inputSchema inputTemplate isolationGroupId maxRetryDelaySeconds name outputKeys outputSchema ownerApp ownerEmail pollTimeoutSeconds rateLimitFrequencyInSeconds rateLimitPerFrequency responseTimeoutSeconds retryCount retryDelaySeconds retryLogic runtimeMetadata taskStatusListenerEnabled timeoutPolicy timeoutSeconds totalTimeoutSeconds updateTime updatedBy'.split(
      ' ',
    ),
  TaskResult:
    'callbackAfterSeconds executionMetadata extendLease externalOutputPayloadStoragePath logs outputData outputMessage reasonForIncompletion status subWorkflowId supportsCancellation taskId workerId workflowInstanceId'.split(
      ' ',
    ),
  WorkflowDef:
    'cacheConfig createTime createdBy description enforceSchema failureWorkflow failureWorkflowVersion inputParameters inputSchema inputTemplate maskedFields metadata name outputParameters outputSchema ownerApp ownerEmail rateLimitConfig restartable schemaVersion tasks timeoutPolicy timeoutSeconds updateTime updatedBy variables version workflowStatusListenerEnabled workflowStatusListenerSink'.split(
      ' ',
    ),
  WorkflowSchedule:
    'createTime createdBy cronExpression cronSchedules description name nextRunTime paused pausedReason runCatchupScheduleInstances scheduleEndTime scheduleStartTime startWorkflowRequest updatedBy updatedTime zoneId'.split(
      ' ',
    ),
  WorkflowTestRequest:
    'correlationId createdBy externalInputPayloadStoragePath idempotencyKey idempotencyStrategy input name priority subWorkflowTestRequest taskRefToMockOutput taskToDomain version workflowDef'.split(
      ' ',
    ),
};
